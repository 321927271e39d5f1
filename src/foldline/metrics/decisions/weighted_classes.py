"""One label per row, or one for each of several columns: the class whose probability times its weight is highest."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float, Float64

from foldline.files.arrays import row_blocks
from foldline.files.class_names import column_slices
from foldline.metrics.checks import checked_block
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.decisions.thresholds import Score, best_threshold
from foldline.metrics.metric_and_rule import MetricKind, RuleKind, ratio
from foldline.metrics.truths_and_answers import Labels, LabelsOfColumns, OfClasses, Predictions
from foldline.params.section import Kinds

MOST_CLASSES = 500
"""Weights of more classes than this follow a handful of rows each, and take the square of it to fit."""
PASSES = 5
LEAST_GAIN = 1e-9
LIKELIEST = MostProbable(kind="most_probable")


class WeightedClasses(RuleKind):
    """What a threshold per class is among several classes."""

    kind: Literal["weighted_classes"]
    weights: tuple[float, ...]

    def __call__(self, predictions: Predictions) -> Labels:
        labels = np.empty(len(predictions), np.int64)
        for block in row_blocks(predictions.shape):
            labels[block] = (checked_block(predictions, block) * np.array(self.weights)).argmax(axis=1)
        return labels


OneLabel = Annotated[MostProbable | WeightedClasses, Kinds()]


class LabelOfEach(RuleKind):
    """Each column's label by the rule for it, of that column's classes alone."""

    kind: Literal["label_of_each"]
    sizes: tuple[int, ...]
    """How many classes each column has; they follow each other."""
    rules: tuple[OneLabel, ...]

    def __call__(self, predictions: Predictions) -> LabelsOfColumns:
        """Positions among all classes."""
        parts = zip(self.rules, column_slices(self.sizes), strict=True)
        return np.column_stack([mine.start + rule(predictions[:, mine]) for rule, mine in parts])

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: LabelsOfColumns) -> RuleKind:
        """Each column's rule by the rows that have a label there."""
        rules = []
        for column, mine in enumerate(column_slices(self.sizes)):
            known = targets[:, column] >= 0
            labels = targets[known, column] - mine.start
            rules.append((metric.fit_labels(predictions[known, mine], labels) if len(labels) else None) or LIKELIEST)
        return self.model_copy(update={"rules": tuple(rules)})


def likeliest_of_each(sizes: tuple[int, ...]) -> LabelOfEach:
    return LabelOfEach(kind="label_of_each", sizes=sizes, rules=(LIKELIEST,) * len(sizes))


def fit_label(predictions: Predictions, targets: Labels, score: Score) -> WeightedClasses | None:
    """Of two classes the second from the threshold on that scores highest: weights say the same. None without a
    positive row."""
    threshold = best_threshold(predictions[:, 1], targets, score)
    return None if threshold is None else _weighted(np.array([threshold, 1 - threshold]))


def fit_balance(predictions: Predictions, targets: Labels) -> MostProbable | WeightedClasses:
    """Weights that are the inverse of the classes' frequencies: of calibrated probabilities, the labels with the
    highest expected balanced accuracy (Elkan, The Foundations of Cost-Sensitive Learning, 2001)."""
    counts = np.bincount(targets, minlength=predictions.shape[1])
    if len(counts) > MOST_CLASSES:
        return LIKELIEST
    return _weighted(np.where(counts > 0, counts.max() / np.maximum(counts, 1), 1.0))


def fit_weights(
    predictions: Predictions, targets: Labels, score: Callable[[Labels, Labels], float], by_support: bool
) -> MostProbable | WeightedClasses:
    """The weights with which macro F1 (by_support: weighted F1) is highest, class by class, until no class gains by
    another weight. score: that metric.

    Each class's weight is the best of all there are while the others stay: exact, from sorted ratios, not from a grid.
    """
    classes = predictions.shape[1]
    if classes > MOST_CLASSES:
        return LIKELIEST
    probabilities = np.maximum(predictions, np.finfo(np.float32).tiny).astype(np.float64)
    weights = np.ones(classes)
    class_weights = np.bincount(targets, minlength=classes) / len(targets) if by_support else np.ones(classes)
    for _ in range(PASSES):
        before = weights.copy()
        for one in np.unique(targets).tolist():
            weights[one] = _best_weight(probabilities, targets, weights, one, class_weights)
        if np.array_equal(before, weights):
            break
    fitted = _weighted(weights)
    # The sum that was raised knows nothing of a class without a row: predicted in vain, it lowers the mean.
    gains = score(targets, fitted(predictions)) > score(targets, LIKELIEST(predictions)) + LEAST_GAIN
    return fitted if gains else LIKELIEST


def _weighted(weights: OfClasses) -> WeightedClasses:
    return WeightedClasses(kind="weighted_classes", weights=tuple(weights.tolist()))


def _best_weight(
    probabilities: Float64[np.ndarray, "rows classes"],
    targets: Labels,
    weights: OfClasses,
    one: int,
    class_weights: OfClasses,
) -> float:
    """Of class `one`: in the middle between the two rows' ratios where the weighted sum of F1 is highest, or as it
    is."""
    weighted = probabilities * weights
    weighted[:, one] = -1
    others = weighted.argmax(axis=1)
    ratios = weighted[np.arange(len(weighted)), others] / probabilities[:, one]
    order = np.argsort(ratios, kind="stable")
    rising = ratios[order]
    scores = _scores_as_rows_move(others[order], targets[order], one, class_weights)
    # Equal ratios move together: only after the last of them is there a weight that tells them from the rest.
    scores[1:-1][np.diff(rising) == 0] = -np.inf
    now, best = int(np.searchsorted(rising, weights[one], side="left")), int(np.argmax(scores))
    if scores[best] <= scores[now] + LEAST_GAIN:
        return float(weights[one])
    below = rising[best - 1] if best > 0 else rising[0] / 4
    above = rising[best] if best < len(rising) else rising[-1] * 4
    return float(np.sqrt(below * above))


def _scores_as_rows_move(
    others: Labels, targets: Labels, one: int, class_weights: OfClasses
) -> Float[np.ndarray, " rows_and_none"]:
    """The weighted sum of the classes' F1 when none of the rows, the first, the first two, ... are labelled `one`.

    others: the label of each row before.
    """
    classes, correct = len(class_weights), others == targets
    hits = np.bincount(others[correct], minlength=classes)
    wanted, seen = np.bincount(targets, minlength=classes), np.bincount(np.append(others, targets), minlength=classes)
    before = class_weights * ratio(2 * hits, seen)
    changes, by_class = np.empty(len(others)), np.argsort(others, kind="stable")
    for rows in np.split(by_class, np.flatnonzero(np.diff(others[by_class])) + 1):
        other, moved = others[rows[0]], np.arange(1, len(rows) + 1)
        after = class_weights[other] * ratio(2 * (hits[other] - np.cumsum(correct[rows])), seen[other] - moved)
        changes[rows] = np.diff(after, prepend=before[other])
    gained = class_weights[one] * ratio(2 * np.cumsum(targets == one), np.arange(1, len(others) + 1) + wanted[one])
    return np.append(before.sum(), before.sum() + np.cumsum(changes) + gained)
