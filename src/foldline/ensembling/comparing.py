"""Whether one run is better than another: on the rows that both predicted, row by row and fold by fold."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.gains import LEVEL, Interval, bootstrap_interval, mean_interval, rounded
from foldline.ensembling.runs import Run
from foldline.files.arrays import gather
from foldline.files.compact import numbers_per_row
from foldline.files.refusal import Refusal, listed
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric

Answers = Callable[[Run], np.ndarray]
"""From a run to what the metric needs of each of its out-of-fold rows, in their order."""


@dataclass(frozen=True)
class Pair:
    """What two runs score on the same rows."""

    first: float
    second: float
    gain: float
    """Of the second over the first, positive where the second is better, whichever the metric's direction."""


@dataclass(frozen=True)
class Comparison:
    names: tuple[str, str]
    metric: str
    rows: int
    rows_of: tuple[int, int]
    """Out-of-fold rows of each run; those that only one has are not compared."""
    pooled: Pair
    by_fold: dict[int, Pair]
    over_rows: Interval
    """Of the pooled gain, by bootstrap: what other rows would have shown of the same models."""
    over_folds: Interval
    """Of the mean of the folds' gains, by Student's t: what models of other rows and seeds would have shown. NaN for
    a single fold."""

    @property
    def is_real(self) -> bool:
        """Rows alone would call the luck of two seeds real; few folds alone can miss the scatter of their rows."""
        agree = np.sign(sum(self.over_rows)) == np.sign(sum(self.over_folds))
        return bool(self.over_rows.excludes_zero and self.over_folds.excludes_zero and agree)

    @property
    def verdict(self) -> str:
        return "real" if self.is_real else "not yet real"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What stands under the table, for the person at the screen."""
        first, second = self.names
        gain = self.pooled.gain
        better = f"{second if gain > 0 else first} is better by {abs(gain):.6f}" if gain else "both score the same"
        folds = f"one fold only, {next(iter(self.by_fold))}" if len(self.by_fold) == 1 else f"{len(self.by_fold)} folds"
        over_folds = (
            "over folds: one fold cannot tell"
            if math.isnan(self.over_folds.low)
            else f"over folds {self.over_folds.low:+.6f} .. {self.over_folds.high:+.6f}"
        )
        return (
            f"{self.rows} rows that both predicted ({folds}), of {self.rows_of[0]} in {first}, {self.rows_of[1]} in "
            f"{second}",
            f"{LEVEL:.0%} interval of the gain: over rows {self.over_rows.low:+.6f} .. {self.over_rows.high:+.6f}; "
            f"{over_folds}",
            f"{self.verdict}: {better}",
        )


def answers_by(target: Target, submission: Submission, metric: Metric) -> Answers:
    """The predictions themselves, or the answers of the rule that needs no fitting: what was fitted on these very rows
    would flatter the run that fitted more."""

    def answers(run: Run) -> np.ndarray:
        predictions = run.predictions.out_of_fold
        if metric.scores_predictions:
            return predictions
        rule = rule_of(submission.default_rule(target, run.predictions.classes, predictions.shape[1]))
        return rule(predictions)

    return answers


def compare(first: Run, second: Run, metric: Metric, answers: Answers, target: Target) -> Comparison:
    """Raises Refusal when the runs share no rows, or differ in classes, folds or targets of those they share."""
    _refuse_other_classes(first, second)
    places = _shared_rows(first, second)
    folds, clusters = first.predictions.folds[places[0]], first.clusters[places[0]]
    # Which classes are new to a fold's model, the run of more rows knows better.
    larger = int(len(second.targets) > len(first.targets))
    targets = _graded((first, second)[larger], target)[places[larger]]
    of_first, of_second = (gather(answers(run), place) for run, place in zip((first, second), places, strict=True))

    def pair(rows: Int64[np.ndarray, " some_rows"]) -> Pair:
        scores = [metric.score(targets[rows], side[rows]) for side in (of_first, of_second)]
        return Pair(scores[0], scores[1], metric.gain(*scores))

    by_fold = {fold: pair(np.flatnonzero(folds == fold)) for fold in np.unique(folds).tolist()}
    cells = numbers_per_row(of_first)
    return Comparison(
        names=(first.name, second.name),
        metric=metric.name,
        rows=len(folds),
        rows_of=(len(first.targets), len(second.targets)),
        pooled=pair(np.arange(len(folds))),
        by_fold=by_fold,
        over_rows=bootstrap_interval(lambda rows: pair(rows).gain, clusters, cells),
        over_folds=mean_interval([of_fold.gain for of_fold in by_fold.values()]),
    )


def _graded(run: Run, target: Target) -> np.ndarray:
    """As a grader would see the targets; of a single fold nobody can tell which classes its model has not seen."""
    folds = run.predictions.folds
    if len(np.unique(folds)) < 2:
        return run.targets
    return target.graded(run.targets, folds, run.predictions.classes)


def comparison_json(comparison: Comparison) -> dict[str, Any]:
    """Numbers that are not defined are null."""

    def numbers(pair: Pair) -> dict[str, float | None]:
        return {name: _number(getattr(pair, name)) for name in ("first", "second", "gain")}

    return {
        "first": comparison.names[0],
        "second": comparison.names[1],
        "metric": comparison.metric,
        "rows": comparison.rows,
        "rows_of_first": comparison.rows_of[0],
        "rows_of_second": comparison.rows_of[1],
        "pooled": numbers(comparison.pooled),
        "folds": {str(fold): numbers(pair) for fold, pair in comparison.by_fold.items()},
        "interval_over_rows": [_number(bound) for bound in comparison.over_rows],
        "interval_over_folds": [_number(bound) for bound in comparison.over_folds],
        "verdict": comparison.verdict,
    }


def _number(value: float) -> float | None:
    return None if math.isnan(value) else rounded(value)


def _refuse_other_classes(first: Run, second: Run) -> None:
    ours, theirs = first.predictions.classes, second.predictions.classes
    if ours != theirs:
        differing = [f"{mine!r} against {other!r}" for mine, other in zip(ours, theirs, strict=False) if mine != other]
        raise Refusal(
            f"`{first.name}` and `{second.name}` predict other classes, or in another order: {len(ours)} and "
            f"{len(theirs)}, {listed(differing, 3)}. Compare runs of the same `prepare`."
        )


def _shared_rows(first: Run, second: Run) -> tuple[Int64[np.ndarray, " rows"], Int64[np.ndarray, " rows"]]:
    """Where the rows that both runs predicted out of fold lie in each, in the first one's order."""
    ids = pd.Index(first.predictions.out_of_fold_ids)
    there = pd.Index(second.predictions.out_of_fold_ids).get_indexer(ids)
    here = np.flatnonzero(there >= 0)
    there = there[here].astype(np.int64)
    if not len(here):
        ran = [listed(np.unique(run.predictions.folds)) for run in (first, second)]
        raise Refusal(
            f"`{first.name}` (folds {ran[0]}) and `{second.name}` (folds {ran[1]}) have no row in common. "
            "Run a fold that both have: dvc exp run -S 'folds=[0]'."
        )
    for what, values in (
        ("folds", [run.predictions.folds for run in (first, second)]),
        ("targets", [run.targets for run in (first, second)]),
    ):
        mine, theirs = values[0][here], values[1][there]
        differs = (mine != theirs).reshape(len(here), -1).any(axis=1)
        if differs.any():
            at = int(np.argmax(differs))
            raise Refusal(
                f"`{first.name}` and `{second.name}` have other {what} for {int(differs.sum())} rows: row "
                f"{ids[here[at]]!r} has {mine[at]} in the one, {theirs[at]} in the other. Compare runs of the same "
                f"`prepare` and `split`."
            )
    return here.astype(np.int64), there
