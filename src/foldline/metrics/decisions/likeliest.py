"""The likeliest classes of each row, of probabilities as they are."""

from typing import Literal

import numpy as np
from jaxtyping import Float32, Float64

from foldline.files.arrays import row_blocks
from foldline.files.compact import CompactArray
from foldline.metrics.checks import checked_block, require_probabilities
from foldline.metrics.metric_and_rule import MetricKind, RuleKind
from foldline.metrics.truths_and_answers import NOTHING, Labels, Predictions, Rankings


def likeliest(predictions: Predictions, length: int) -> tuple[Rankings, Float32[np.ndarray, "rows length"]]:
    """The `length` likeliest classes in order, the first of equal ones first, and their probabilities: NOTHING and -1
    where there are fewer. Memory flat in the rows."""
    rankings = np.full((len(predictions), length), NOTHING)
    probabilities = np.full(rankings.shape, -1, np.float32)
    if isinstance(predictions, CompactArray):
        found, values = predictions.top(length)
        require_probabilities(values)
        rankings[:, : found.shape[1]], probabilities[:, : found.shape[1]] = found, values
        return rankings, probabilities
    kept = min(length, predictions.shape[1])
    for block in row_blocks(predictions.shape):
        rows = checked_block(predictions, block)
        # Sorting all classes takes much longer than finding the first.
        found = rows.argmax(axis=1)[:, None] if kept == 1 else np.argsort(-rows, axis=1, kind="stable")[:, :kept]
        rankings[block, :kept], probabilities[block, :kept] = found, np.take_along_axis(rows, found, axis=1)
    return rankings, probabilities


def most_probable(predictions: Predictions) -> Labels:
    return likeliest(predictions, 1)[0][:, 0]


class MostProbable(RuleKind):
    kind: Literal["most_probable"]

    def __call__(self, predictions: Predictions) -> Labels:
        return most_probable(predictions)

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Labels) -> RuleKind:
        return metric.fit_labels(predictions, targets) or self


class MostProbableWithConfidence(RuleKind):
    """Of each row the likeliest class's position and its probability."""

    kind: Literal["most_probable_with_confidence"]

    def __call__(self, predictions: Predictions) -> Float64[np.ndarray, "rows 2"]:
        return np.hstack(likeliest(predictions, 1)).astype(np.float64)


class TopClasses(RuleKind):
    """The `length` likeliest classes, NOTHING where there are fewer."""

    kind: Literal["top_classes"]
    length: int

    def __call__(self, predictions: Predictions) -> Rankings:
        return likeliest(predictions, self.length)[0]
