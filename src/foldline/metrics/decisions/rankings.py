"""The likeliest classes of a row in order, the new class among them at its level."""

from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.files.arrays import row_blocks
from foldline.files.compact import CompactArray
from foldline.metrics.metric_and_rule import NOTHING, MetricKind, RuleKind, checked_block, require_probabilities

GRID = 200
"""Candidates for the level, equally many rows' likeliest classes between each two."""

Predictions = Float32[np.ndarray, "rows classes"]
Rankings = Int64[np.ndarray, "rows length"]


class TopClasses(RuleKind):
    """The `length` likeliest classes, NOTHING where there are fewer."""

    kind: Literal["top_classes"]
    length: int

    def __call__(self, predictions: Predictions) -> Rankings:
        return _top(predictions, self.length)[0]


class TopClassesOrNew(RuleKind):
    """The same with the new class as likely as `level` in each row, whatever its own output says."""

    kind: Literal["top_classes_or_new"]
    length: int
    new_class: int
    """Its position: that of its output where train rows have it, else one after the last class."""
    level: float
    fits_level_alone: ClassVar = True

    def __call__(self, predictions: Predictions) -> Rankings:
        return self._with_new(*_top(predictions, self.length + 1))

    def note(self, targets: Int64[np.ndarray, " rows"]) -> str | None:
        return level_note(self.level, self.new_class in targets)

    def fitted(
        self, metric: MetricKind, predictions: Predictions, targets: Int64[np.ndarray, " rows"], classes: int
    ) -> RuleKind:
        """The level with the highest score.

        A class that a row's model has not seen is new. Where no row is new, rows say nothing of the level: it stays.
        """
        if not metric.fits_level or not (targets == self.new_class).any():
            return self
        rankings, likelihoods = _top(predictions, self.length + 1)
        levels = levels_to_try(likelihoods[:, 0], self.level)
        rules = [self.model_copy(update={"level": level}) for level in levels]
        scores = [metric.score(targets, tried._with_new(rankings, likelihoods)) for tried in rules]
        return rules[int(np.argmax(scores))]

    def _with_new(
        self, rankings: Int64[np.ndarray, "rows taken"], likelihoods: Float32[np.ndarray, "rows taken"]
    ) -> Rankings:
        # One class more than asked for was taken, so that without the new one's own output there are still enough.
        scores = np.where(rankings == self.new_class, -2, likelihoods).astype(np.float64)
        classes = np.where(rankings == self.new_class, NOTHING, rankings)
        scores = np.column_stack([np.full(len(scores), self.level), scores])
        classes = np.column_stack([np.full(len(classes), self.new_class), classes])
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self.length]
        return np.take_along_axis(classes, order, axis=1)


def levels_to_try(highest: Float32[np.ndarray, " rows"], now: float) -> list[float]:
    """highest: of each row's known classes the likeliest's probability."""
    candidates = np.unique(np.quantile(highest, np.linspace(0, 1, GRID + 1), method="lower"))
    return [0.0, now, *((candidates[:-1] + candidates[1:]) / 2).tolist(), 1.0]


def level_note(level: float, found: bool) -> str | None:
    """found: whether a row is of the new class."""
    return None if found else f"no class is new to any fold, so that the new class stays at the level {level:g}"


def _top(predictions: Predictions, length: int) -> tuple[Rankings, Float32[np.ndarray, "rows length"]]:
    """The `length` likeliest classes in order, the first of equal ones first, and their probabilities."""
    classes = predictions.shape[1]
    rankings = np.full((len(predictions), length), NOTHING)
    likelihoods = np.full((len(predictions), length), -1, np.float32)
    if isinstance(predictions, CompactArray):
        found, values = predictions.top(length)
        require_probabilities(values)
        rankings[:, : found.shape[1]], likelihoods[:, : found.shape[1]] = found, values
        return rankings, likelihoods
    kept = min(length, classes)
    for block in row_blocks(predictions.shape):
        rows = checked_block(predictions, block)
        order = np.argsort(-rows, axis=1, kind="stable")[:, :kept]
        rankings[block, :kept] = order
        likelihoods[block, :kept] = np.take_along_axis(rows, order, axis=1)
    return rankings, likelihoods
