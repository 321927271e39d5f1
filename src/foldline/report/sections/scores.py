"""What a run scores: by fold, out of fold, on the leaderboard; what its steps gain, and what it gains on others."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.ensembling.finished_runs import FinishedRun
from foldline.ensembling.intervals import (
    LEVEL,
    Interval,
    bootstrap_interval,
    bootstrap_interval_of_mean,
    standard_error,
)
from foldline.ensembling.scoring import Scores, score_folds
from foldline.ensembling.standings import best_run, standing
from foldline.files.compact import numbers_per_row, rows_at
from foldline.files.refusal import counted
from foldline.report.evidence import Evidence
from foldline.report.page import UNKNOWN, Cell, Key, Part, Section, Table, Words, in_words, shown, toned

TEST_IS_OTHER = "its rows are others, often few, and may be of another place or time"


def scores(evidence: Evidence, public: float | None, against: Sequence[Sequence[str | Cell]] = ()) -> Section:
    """public: the run's score on the leaderboard, where it has one. against: the rows of `run_rows`."""
    found, interval = run_scores(evidence), score_interval(evidence)
    metric = in_words(evidence.metric.name)
    title = f"Out of fold {metric} is {shown(found.pooled)}, its {LEVEL:.0%} interval {_range(interval)}"
    better = "higher" if evidence.metric.higher_is_better else "lower"
    folds = counted(len(found.by_fold), "fold", "folds")
    lede = (
        f"{counted(len(evidence.ids), 'row', 'rows')} in {folds}, each predicted by models that have not seen it; "
        f"{better} is better. The interval is of a bootstrap over whole clusters of rows: what other rows would have "
        "shown of the same models."
    )
    body: list[Part] = [Table(("", "rows", metric), _score_rows(evidence, found, interval, public))]
    body.append(Words(leaderboard_words(evidence, found, interval, public)))
    if len(evidence.gains):
        body.append(Table(GAIN_COLUMNS, gain_rows(evidence.gains), caption=GAIN_CAPTION))
    if against:
        body.append(Table(("out of fold", "", "gain of this run", "by the folds"), against))
    return Section("scores", title, lede, body)


def summary(evidence: Evidence) -> str:
    """What was run, in a sentence."""
    trained = evidence.history[["fold", "seed"]].drop_duplicates()
    tests = int((evidence.rows["part"] == "test").sum())
    of = f"{evidence.target.kind}, {counted(len(evidence.classes), 'output', 'outputs')}"
    models = f"{counted(len(trained), 'model', 'models')} ({counted(trained['seed'].nunique(), 'seed', 'seeds')})"
    rows = (
        f"{counted(len(evidence.ids), 'row', 'rows')} predicted out of fold, {counted(tests, 'test row', 'test rows')}"
    )
    return f"What a finished run says of itself: {of}; {models}; {rows}."


def keys(evidence: Evidence, public: float | None) -> list[Key]:
    """The numbers that stand above all sections. public: as for `scores`."""
    found, labels = run_scores(evidence), evidence.labels
    note = f"mean of folds {_mean_of_folds(found)}" if len(found.by_fold) > 1 else "of a single fold"
    keys = [Key(f"{in_words(evidence.metric.name)}, out of fold", shown(found.pooled), note)]
    if labels is not None and (accuracy := float((labels == evidence.targets).mean())) != found.pooled:
        keys.append(Key("accuracy of the answers, out of fold", f"{accuracy:.2%}"))
    keys.append(Key("leaderboard", shown(public), "public" if public is not None else "no score yet"))
    return keys


def run_scores(evidence: Evidence) -> Scores:
    return score_folds(evidence.metric, evidence.targets, evidence.answers, evidence.folds)


def score_interval(evidence: Evidence) -> Interval:
    """Of the out-of-fold score, over rows."""
    metric, targets, answers = evidence.metric, evidence.targets, evidence.answers
    own = metric.averaged_scores(targets, answers)
    if own is not None:
        return bootstrap_interval_of_mean(own, evidence.clusters)

    def score(rows: np.ndarray) -> float:
        return metric.score(targets[rows], rows_at(answers, rows))

    return bootstrap_interval(score, evidence.clusters, numbers_per_row(answers))


def leaderboard_words(evidence: Evidence, found: Scores, interval: Interval, public: float | None) -> str:
    """Why the leaderboard may differ from the out-of-fold score."""
    models = len(evidence.history[["fold", "seed"]].drop_duplicates())
    several = counted(models, "model", "models")
    averaged = f"a test row gets the mean of {several}, an out-of-fold row only those of its fold's seeds"
    if public is None:
        return (
            "This submission has no leaderboard score yet. It may differ from the out-of-fold score: of the test set, "
            f"{TEST_IS_OTHER}; and {averaged}."
        )
    gain = evidence.metric.gain(found.pooled, public)
    where = f"{'better' if gain > 0 else 'worse'} than the out-of-fold score by {shown(abs(gain))}"
    if interval.low <= public <= interval.high:
        return f"The leaderboard is {where}, within the interval: as near as such rows can tell."
    likely = f"Expect some of that, since {averaged}" if gain > 0 else f"Against it stands that {averaged}"
    return (
        f"The leaderboard is {where}, outside of the interval, which knows nothing of the test set: {TEST_IS_OTHER}. "
        f"{likely}."
    )


GAIN_COLUMNS = ("step", "of", "setting", "in-sample", "cross-validated ± SE", f"{LEVEL:.0%} interval", "applied", "why")
GAIN_CAPTION = (
    "What each step gains: in-sample on the rows that it was fitted on, cross-validated on rows that it was not"
)


def gain_rows(gains: pd.DataFrame) -> list[list[str | Cell]]:
    """gains: as `Evidence.gains`."""
    rows: list[list[str | Cell]] = []
    for one in gains.to_dict("records"):
        numbers = [UNKNOWN, UNKNOWN, UNKNOWN]
        if not pd.isna(one["low"]):
            estimate = f"{shown(one['cross_validated'], True)} ± {shown(one['standard_error'])}"
            interval = _range(Interval(one["low"], one["high"]), True)
            numbers = [shown(one["in_sample"], True), estimate, interval]
        setting, note = ("" if pd.isna(one[name]) else str(one[name]) for name in ("setting", "note"))
        applied = Cell("yes", "good") if one["applied"] else Cell("no", "quiet")
        rows.append([str(one["step"]), str(one["stage"]), setting, *numbers, applied, Cell(note, "quiet")])
    return rows


def run_rows(runs: Sequence[FinishedRun], files: Mapping[str, str], compared: Path) -> list[list[str | Cell]]:
    """This run, the last one before it, and the best of all others; nothing without others. runs: the earliest first.
    files: this run's, as in `FinishedRun`. compared: as standings.py has it."""
    own = next((run for run in reversed(runs) if run.files == files), None)
    others = [run for run in runs if run is not own]
    best = best_run(others)
    if own is None or best is None:
        return []
    last = next((run for run in reversed(others) if run.made <= own.made), None)
    rows: list[list[str | Cell]] = [[f"this run, {own.name}", shown(own.score), UNKNOWN, ""]]
    for label, other in (("the last run before it", last), ("the best other run", best[0])):
        if other is not None:
            found = standing(own, other, best[1], compared)
            gain = UNKNOWN if found.gain is None else toned(found.gain)
            rows.append([f"{label}, {other.name}", shown(other.score), gain, found.verdict])
    return rows


def _score_rows(
    evidence: Evidence, found: Scores, interval: Interval, public: float | None
) -> Sequence[Sequence[str | Cell]]:
    rows: list[list[str | Cell]] = []
    for fold, score in found.by_fold.items():
        rows.append([f"fold {fold}", f"{(evidence.folds == fold).sum():,}", shown(score)])
    if len(found.by_fold) > 1:
        rows.append(["mean of folds ± SE", "", _mean_of_folds(found)])
    rows.append(["out of fold", f"{len(evidence.ids):,}", Cell(shown(found.pooled), "strong")])
    rows.append([f"{LEVEL:.0%} interval", "", _range(interval)])
    where = "no score yet" if public is None else "public"
    rows.append([f"leaderboard ({where})", "", shown(public)])
    return rows


def _mean_of_folds(found: Scores) -> str:
    return f"{shown(found.fold_mean)} ± {shown(standard_error(list(found.by_fold.values())))}"


def _range(interval: Interval, signed: bool = False) -> str:
    return f"{shown(interval.low, signed)} .. {shown(interval.high, signed)}"
