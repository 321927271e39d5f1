"""The closing table of a run: what each fold, the ensemble and the leaderboard said, and what to do next."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict
from rich.console import Console
from rich.table import Table

from foldline.files.places import Places
from foldline.files.whole_files import read_json
from foldline.params.section import Section, parse

SCREENED = (
    "Screened on fold {fold} alone: its rows are easier or harder by chance, and steps that are fitted on other folds "
    "(a temperature, bounds, a rule) are left out. So compare it with another run of this fold alone; only more folds "
    "tell whether a gain is real."
)
AFTER_SCREENING = (
    "foldline compare RUN .   (RUN: of this fold alone, from `foldline runs`); if it gains, list all folds"
)


class ScoresFile(Section):
    """The part of a stage's scores that this table shows."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Gain(ScoresFile):
    applied: bool


class EnsembleScores(ScoresFile):
    """`ensemble/metrics.json`."""

    metric: str
    folds: tuple[Any, ...]
    fold_scores: Mapping[str, float | None]
    fold_mean: float | None
    gains: Mapping[str, Gain]


class ClippedScores(ScoresFile):
    """`clip/metrics.json`."""

    metric: str
    higher_is_better: bool | None = None
    """None in files of earlier versions."""
    score_before: float | None
    score: float | None
    gains: Mapping[str, Gain]


class Accuracy(ScoresFile):
    """`score.json`."""

    top_1_accuracy: float | None = None


def scored(places: Places) -> ClippedScores:
    """Of what is submitted."""
    return parse(read_json(places.clipped / "metrics.json"), ClippedScores, f"{places.clipped}/metrics.json")


def print_summary(places: Places, next_command: str, leaderboard: str | None = None) -> None:
    """`leaderboard`: the public score as Kaggle writes it, or None when nothing has been uploaded."""
    ensemble = parse(read_json(places.ensemble / "metrics.json"), EnsembleScores, f"{places.ensemble}/metrics.json")
    clipped = scored(places)
    table = Table(title=f"{places.slug}: {ensemble.metric}", title_justify="left", show_header=False)
    for fold, score in ensemble.fold_scores.items():
        table.add_row(f"fold {fold}", _shown(score))
    table.add_row("mean of folds", _shown(ensemble.fold_mean), end_section=True)
    table.add_row("out-of-fold, before clip", _shown(clipped.score_before))
    table.add_row("out-of-fold, after clip", _shown(clipped.score))
    accuracy = parse(read_json(places.score), Accuracy, str(places.score)).top_1_accuracy
    if accuracy is not None:
        table.add_row("top-1 accuracy", f"{accuracy:.5f}")
    if leaderboard is not None:
        table.add_row("leaderboard", leaderboard)
    table.add_section()
    table.add_row("submission", str(places.submission))
    console = Console()
    console.print(table)
    is_screening = len(ensemble.folds) == 1
    if is_screening:
        console.print(SCREENED.format(fold=ensemble.folds[0]), soft_wrap=True)
    gains = (gain for stage in (ensemble, clipped) for gain in stage.gains.values())
    if len(ensemble.folds) == 2 and any(gain.applied for gain in gains):
        console.print(
            "Two folds only: out-of-fold scores leave out what was fitted, which needs at least 3 folds to estimate; "
            "the submission has what gains.csv says is applied."
        )
    console.print(f"next: {AFTER_SCREENING if is_screening else next_command}", soft_wrap=True)


def _shown(score: float | None) -> str:
    return "not defined" if score is None else f"{score:.5f}"
