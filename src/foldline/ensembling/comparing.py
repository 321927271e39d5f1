"""Whether one run is better than another: on the rows that both predicted, row by row and fold by fold."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.intervals import LEVEL, Interval, mean_interval
from foldline.ensembling.members import refuse_other_classes
from foldline.ensembling.runs import Run
from foldline.ensembling.scoring import Difference, Pair, Scorer, difference, rounded_or_null
from foldline.files.arrays import gather
from foldline.files.refusal import Refusal, listed
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric


@dataclass(frozen=True)
class Comparison(Difference):
    names: tuple[str, str]
    metric: str
    rows: int
    rows_of: tuple[int, int]
    """Out-of-fold rows of each run; those that only one has are not compared."""

    @property
    def over_folds(self) -> Interval:
        """Of the mean of the folds' gains, by Student's t: what models of other rows and seeds would have shown. NaN
        for a single fold."""
        return mean_interval([pair.gain for pair in self.by_fold.values()])

    @property
    def is_real(self) -> bool:
        """Rows alone would call the luck of two seeds real; few folds alone can miss the scatter of their rows."""
        over_rows, over_folds = self.over_rows, self.over_folds
        agree = np.sign(sum(over_rows)) == np.sign(sum(over_folds))
        return bool(over_rows.excludes_zero and over_folds.excludes_zero and agree)

    @property
    def verdict(self) -> str:
        return "real" if self.is_real else "not yet real"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What stands under the table, for the person at the screen."""
        (first, second), (low, high), over_folds = self.names, self.over_rows, self.over_folds
        gain, folds = self.pooled.gain, list(self.by_fold)
        better = f"{second if gain > 0 else first} is better by {abs(gain):.6f}" if gain else "both score the same"
        which = f"fold {folds[0]} only" if len(folds) == 1 else f"{len(folds)} folds"
        by_folds = ": needs at least 2 folds, each with a score"
        if not math.isnan(over_folds.low):
            by_folds = f" {over_folds.low:+.6f} .. {over_folds.high:+.6f}"
        return (
            f"{self.rows} rows that both predicted ({which}), of {self.rows_of[0]} in {first}, {self.rows_of[1]} in "
            f"{second}",
            f"{LEVEL:.0%} interval of the gain: over rows {low:+.6f} .. {high:+.6f}; over folds{by_folds}",
            f"{self.verdict}: {better}",
        )

    def as_json(self) -> dict[str, Any]:
        """Numbers that are not defined are null."""

        def numbers(pair: Pair) -> dict[str, float | None]:
            return {name: rounded_or_null(value) for name, value in vars(pair).items()}

        return {
            "first": self.names[0],
            "second": self.names[1],
            "metric": self.metric,
            "rows": self.rows,
            "rows_of_first": self.rows_of[0],
            "rows_of_second": self.rows_of[1],
            "pooled": numbers(self.pooled),
            "folds": {str(fold): numbers(pair) for fold, pair in self.by_fold.items()},
            "interval_over_rows": list(map(rounded_or_null, self.over_rows)),
            "interval_over_folds": list(map(rounded_or_null, self.over_folds)),
            "verdict": self.verdict,
        }


def compare(first: Run, second: Run, metric: Metric, target: Target, submission: Submission) -> Comparison:
    """Raises Refusal when the runs share no rows, or differ in classes, folds or targets of those they share.

    Answers are those of the rule that needs no fitting: what was fitted on these very rows would flatter the run that
    fitted more.
    """
    refuse_other_classes(second.predictions.classes, first.predictions.classes, f"run `{second.name}`")
    positions = _shared_rows(first, second)
    # Which classes are new to a fold's model, the run of more rows knows better.
    larger = int(len(second.targets) > len(first.targets))
    targets = _graded((first, second)[larger], target)[positions[larger]]

    def answers(run: Run) -> np.ndarray:
        predictions = run.predictions.out_of_fold
        rule = rule_of(submission.default_rule(target, run.predictions.classes, predictions.shape[1]))
        return Scorer(metric, rule).answers(predictions)

    of_both = (gather(answers(first), positions[0]), gather(answers(second), positions[1]))
    folds, clusters = first.predictions.folds[positions[0]], first.clusters[positions[0]]
    found = difference(metric, targets, of_both, folds, clusters)
    return Comparison(
        **vars(found),
        names=(first.name, second.name),
        metric=metric.name,
        rows=len(targets),
        rows_of=(len(first.targets), len(second.targets)),
    )


def _graded(run: Run, target: Target) -> np.ndarray:
    """As a grader would see the targets. A single fold does not show which classes its model has not seen."""
    folds = run.predictions.folds
    if len(np.unique(folds)) < 2:
        return run.targets
    return target.graded(run.targets, folds, run.predictions.classes)


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
    for what, ours, theirs in (
        ("folds", first.predictions.folds[here], second.predictions.folds[there]),
        ("targets", first.targets[here], second.targets[there]),
    ):
        # A number that is not known is the same in both.
        same = (ours == theirs) | ((ours != ours) & (theirs != theirs))
        differing = np.flatnonzero(~same.reshape(len(here), -1).all(axis=1))
        if len(differing):
            at = differing[0]
            raise Refusal(
                f"`{first.name}` and `{second.name}` have other {what} for {len(differing)} rows: row "
                f"{ids[here[at]]!r} has {ours[at]} in the one, {theirs[at]} in the other. Compare runs of the same "
                f"`prepare` and `split`."
            )
    return here, there
