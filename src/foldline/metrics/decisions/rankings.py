"""The likeliest classes of a row in order, the new class among them at its level."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.files.arrays import row_blocks, take
from foldline.files.compact import CompactArray
from foldline.metrics.scores.checks import require_probabilities
from foldline.metrics.scores.rankings import map_at_k
from foldline.params.section import Section

NOTHING = -1
GRID = 200
"""Candidates for the level, equally many rows' likeliest classes between each two."""

Predictions = Float32[np.ndarray, "rows classes"]
Rankings = Int64[np.ndarray, "rows length"]


class TopClasses(Section):
    """The `length` likeliest classes, NOTHING where there are fewer."""

    kind: Literal["top_classes"]
    length: int

    def __call__(self, predictions: Predictions) -> Rankings:
        return _top(predictions, self.length)[0]


class TopClassesOrNew(Section):
    """The same with the new class as likely as `level` in each row, whatever its own output says."""

    kind: Literal["top_classes_or_new"]
    length: int
    new_class: int
    """Its position: that of its output where train rows have it, else one after the last class."""
    level: float

    def __call__(self, predictions: Predictions) -> Rankings:
        rankings, likelihoods = _top(predictions, self.length + 1)
        return _with_new(rankings, likelihoods, self)


def new_class_position(new_class: str, classes: tuple[str, ...]) -> int:
    """That of its output, or one after the last class's when no train row has it."""
    return classes.index(new_class) if new_class in classes else len(classes)


def fit_level(rule: TopClassesOrNew, predictions: Predictions, targets: Int64[np.ndarray, " rows"]) -> TopClassesOrNew:
    """The level with the highest MAP@length.

    targets: as `graded_targets` (competition/targets.py) gives them: a class that a row's model has not seen is new.
    Where no row is new, rows say nothing of the level: it stays.
    """
    if not (targets == rule.new_class).any():
        return rule
    rankings, likelihoods = _top(predictions, rule.length + 1)
    candidates = np.unique(np.quantile(likelihoods[:, 0], np.linspace(0, 1, GRID + 1), method="lower"))
    levels = [0.0, rule.level, *((candidates[:-1] + candidates[1:]) / 2).tolist(), 1.0]
    rules = [rule.model_copy(update={"level": level}) for level in levels]
    scores = [map_at_k(targets, _with_new(rankings, likelihoods, tried), rule.length) for tried in rules]
    return rules[int(np.argmax(scores))]


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
        rows = take(predictions, block)
        require_probabilities(rows, block.start)
        order = np.argsort(-rows, axis=1, kind="stable")[:, :kept]
        rankings[block, :kept] = order
        likelihoods[block, :kept] = np.take_along_axis(rows, order, axis=1)
    return rankings, likelihoods


def _with_new(
    rankings: Int64[np.ndarray, "rows taken"], likelihoods: Float32[np.ndarray, "rows taken"], rule: TopClassesOrNew
) -> Rankings:
    # One class more than asked for was taken, so that without the new one's own output there are still enough.
    scores = np.where(rankings == rule.new_class, -2, likelihoods).astype(np.float64)
    classes = np.where(rankings == rule.new_class, NOTHING, rankings)
    scores = np.column_stack([np.full(len(scores), rule.level), scores])
    classes = np.column_stack([np.full(len(classes), rule.new_class), classes])
    order = np.argsort(-scores, axis=1, kind="stable")[:, : rule.length]
    return np.take_along_axis(classes, order, axis=1)
