"""The metrics by which competitions score, as graders compute them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.cards.metric import Metric as MetricFact
from foldline.competition.decisions import most_probable
from foldline.refusal import Refusal
from foldline.tables.arrays import row_blocks, take

# scikit-learn's clipping of float64 probabilities: one certain and wrong row costs 36.04.
SMALLEST = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Metric:
    name: str
    higher_is_better: bool
    needs: Literal["probabilities", "labels", "ranking"]
    """What of the predictions the score depends on: only `probabilities` can gain from clipping or calibration."""
    score: Callable[[Int64[np.ndarray, " rows"], Float32[np.ndarray, "rows outputs"]], float]
    """From targets (the classes' positions) and probabilities, memory-mapped or not."""

    def gain(self, before: float, after: float) -> float:
        """How much better `after` is, positive whichever the metric's direction."""
        return after - before if self.higher_is_better else before - after


def metric_of(fact: MetricFact) -> Metric:
    return METRICS[fact.kind]


def log_loss(targets: Int64[np.ndarray, " rows"], probabilities: Float32[np.ndarray, "rows classes"]) -> float:
    """scikit-learn's `log_loss` of the probabilities in float64, with memory flat in the rows."""
    _require_rows(targets)
    total = 0.0
    for block in row_blocks(probabilities.shape):
        rows = take(probabilities, block)
        _require_probabilities(rows, block.start)
        of_target = rows[np.arange(len(rows)), targets[block]].astype(np.float64)
        total -= float(np.log(of_target.clip(SMALLEST, 1 - SMALLEST)).sum())
    return total / len(targets)


def accuracy(targets: Int64[np.ndarray, " rows"], probabilities: Float32[np.ndarray, "rows classes"]) -> float:
    """The share of rows whose most probable class is the target."""
    _require_rows(targets)
    for block in row_blocks(probabilities.shape):
        _require_probabilities(take(probabilities, block), block.start)
    return float((most_probable(probabilities) == targets).mean())


def _require_rows(targets: np.ndarray) -> None:
    if not len(targets):
        raise Refusal("There are no rows to score. Do the listed folds hold any rows (`folds` in params.yaml)?")


def _require_probabilities(rows: np.ndarray, start: int) -> None:
    # A comparison with NaN is false, so this form finds it too.
    good = (rows >= 0).all(axis=1) & (rows <= 1).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        raise Refusal(
            f"The predictions of row {start + row} cannot be scored: they hold NaN, or values outside 0 .. 1 "
            f"({rows[row].min():.6g} .. {rows[row].max():.6g}). Train or predict again."
        )


METRICS: Mapping[str, Metric] = {
    "log_loss": Metric("log_loss", higher_is_better=False, needs="probabilities", score=log_loss),
    "accuracy": Metric("accuracy", higher_is_better=True, needs="labels", score=accuracy),
}
