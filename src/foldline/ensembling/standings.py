"""What each finished run gains against the best one, and whether that is real."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from foldline.ensembling.finished_runs import FinishedRun, ScoredBy
from foldline.ensembling.intervals import mean_interval
from foldline.files.whole_files import read_json, sha256_of_json, write_json
from foldline.params.section import Section, parse

Verdict = Literal["best", "real", "not yet", "other folds", "other metric", ""]
PREDICTIONS = "clip/out_of_fold.npy"


@dataclass(frozen=True)
class Standing:
    """How a run stands to the best."""

    gain: float | None
    """Positive where it is better, whichever the metric's direction; None where it cannot be compared."""
    verdict: Verdict
    evidence: Literal["folds", "rows and folds"] | None = None
    """What the verdict is from: the scores of the folds that both have, or `foldline compare`, once, of these two."""


def best_run(runs: Sequence[FinishedRun]) -> tuple[FinishedRun, int] | None:
    """The best of those with the most folds, by the metric of the latest run; 1 where its highest score is the best,
    else -1. None where no run says which."""
    metric = next((run.scores.scored_by for run in reversed(runs) if run.scores), None)
    scored = [run for run in runs if run.scores and run.scores.scored_by == metric and run.score is not None]
    most = max((run.fold_count for run in scored), default=0)
    higher = {run.scores.higher_is_better for run in scored if run.scores} - {None}
    sign = 1 if True in higher else -1
    among = [run for run in scored if run.fold_count == most]
    return (max(among, key=lambda run: sign * (run.score or 0.0)), sign) if higher else None


def standing(run: FinishedRun, best: FinishedRun, sign: int, compared: Path) -> Standing:
    """best, sign: as `best_run` finds them. compared: the folder of what `foldline compare` said."""
    if run is best:
        return Standing(0.0, "best")
    if run.scores is None or best.scores is None or run.score is None:
        return Standing(None, "")
    if run.scores.scored_by != best.scores.scored_by:
        return Standing(None, "other metric")
    if any(run.files[table] != best.files[table] for table in ("folds.csv", "targets.npy")):
        return Standing(None, "other folds")
    gains = [sign * (run.folds[fold] - best.folds[fold]) for fold in sorted(run.folds.keys() & best.folds.keys())]
    same = run.folds.keys() == best.folds.keys()
    gain = sign * (run.score - (best.score or 0.0)) if same else float(np.mean(gains)) if gains else None
    if gain is None:
        return Standing(None, "other folds")
    verdict = remembered(compared, run.scores.scored_by, (run.files[PREDICTIONS], best.files[PREDICTIONS]))
    if verdict is not None:
        return Standing(gain, verdict, "rows and folds")
    interval = mean_interval(gains)
    is_real = interval.excludes_zero and np.sign(sum(interval)) == np.sign(gain)
    return Standing(gain, "real" if is_real else "not yet", "folds")


class Compared(Section):
    """A file below work/<slug>/compared/."""

    verdict: Literal["real", "not yet"]


def remember(compared: Path, metric: ScoredBy, predictions: tuple[str, str], is_real: bool) -> None:
    """What a comparison of two runs said. predictions: MD5 sums of their final out-of-fold ones."""
    said = Compared(verdict="real" if is_real else "not yet")
    write_json(_of_pair(compared, metric, predictions), said.model_dump())


def remembered(compared: Path, metric: ScoredBy, predictions: tuple[str, str]) -> Verdict | None:
    path = _of_pair(compared, metric, predictions)
    return parse(read_json(path), Compared, str(path)).verdict if path.is_file() else None


def _of_pair(compared: Path, metric: ScoredBy, predictions: tuple[str, str]) -> Path:
    return compared / f"{sha256_of_json([*filter(None, metric), *sorted(predictions)])[:16]}.json"
