"""One label per row, or one for each of several columns: the likeliest class, of probabilities as they are or times a
weight per class."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float, Float32, Float64, Int64
from pydantic import Field

from foldline.files.arrays import row_blocks
from foldline.files.class_names import column_slices
from foldline.files.compact import CompactArray
from foldline.metrics.decisions.thresholds import Worth, best_threshold
from foldline.metrics.metric_and_rule import MetricKind, RuleKind, checked_block, require_probabilities

MOST_CLASSES = 500
"""Weights of more classes than this follow a handful of rows each, and take the square of it to fit."""
PASSES = 5
LEAST_GAIN = 1e-9
Predictions = Float32[np.ndarray, "rows classes"]
Labels = Int64[np.ndarray, " rows"]


def most_probable(predictions: Predictions) -> Labels:
    """Each row's class with the highest probability, the first of equal ones; memory flat in the rows."""
    if isinstance(predictions, CompactArray):
        classes, likelihoods = predictions.top(1)
        require_probabilities(likelihoods)
        return classes[:, 0]
    labels = np.empty(len(predictions), np.int64)
    for block in row_blocks(predictions.shape):
        labels[block] = checked_block(predictions, block).argmax(axis=1)
    return labels


def highest_probability(predictions: Predictions) -> Float32[np.ndarray, " rows"]:
    """That of each row's likeliest class; memory flat in the rows."""
    if isinstance(predictions, CompactArray):
        return predictions.top(1)[1][:, 0]
    highest = np.empty(len(predictions), np.float32)
    for block in row_blocks(predictions.shape):
        highest[block] = checked_block(predictions, block).max(axis=1)
    return highest


class MostProbable(RuleKind):
    kind: Literal["most_probable"]

    def __call__(self, predictions: Predictions) -> Labels:
        return most_probable(predictions)

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Labels, classes: int) -> RuleKind:
        return metric.fit_labels(predictions, targets, classes) or self


class MostProbableWithConfidence(RuleKind):
    """Of each row the likeliest class's position and its probability, float64 (rows, 2)."""

    kind: Literal["most_probable_with_confidence"]

    def __call__(self, predictions: Predictions) -> Float64[np.ndarray, "rows 2"]:
        labels = most_probable(predictions)
        return np.column_stack([labels, highest_probability(predictions)]).astype(np.float64)


class WeightedClasses(RuleKind):
    """The class whose probability times its weight is highest: what a threshold per class is among several classes."""

    kind: Literal["weighted_classes"]
    weights: tuple[float, ...]

    def __call__(self, predictions: Predictions) -> Labels:
        labels = np.empty(len(predictions), np.int64)
        for block in row_blocks(predictions.shape):
            labels[block] = (checked_block(predictions, block) * np.array(self.weights)).argmax(axis=1)
        return labels


def fit_weights(
    predictions: Predictions, targets: Labels, score: Callable[[Labels, Labels], float], by_support: bool
) -> MostProbable | WeightedClasses:
    """The weights with which macro F1 (by_support: weighted F1) is highest, class by class, until no class gains by
    another weight. score: that metric.

    Each class's weight is the best of all there are while the others stay: exact, from sorted ratios, not from a grid.
    """
    classes = predictions.shape[1]
    if classes > MOST_CLASSES:
        return MostProbable(kind="most_probable")
    probabilities = np.maximum(predictions, np.finfo(np.float32).tiny).astype(np.float64)
    weights, gained = np.ones(classes), False
    worth = np.bincount(targets, minlength=classes) / len(targets) if by_support else np.ones(classes)
    for _ in range(PASSES):
        before = weights.copy()
        for one in np.unique(targets):
            weights[one] = _best_weight(probabilities, targets, weights, int(one), worth)
        gained = gained or not np.array_equal(before, weights)
        if np.array_equal(before, weights):
            break
    plain, fitted = MostProbable(kind="most_probable"), _weighted(weights)
    # The sum that was raised knows nothing of a class without a row: predicted in vain, it lowers the mean.
    gains = gained and score(targets, fitted(predictions)) > score(targets, plain(predictions)) + LEAST_GAIN
    return fitted if gains else plain


def _weighted(weights: Float64[np.ndarray, " classes"]) -> WeightedClasses:
    return WeightedClasses(kind="weighted_classes", weights=tuple(weights.tolist()))


def fit_balance(predictions: Predictions, targets: Labels) -> MostProbable | WeightedClasses:
    """Weights that are the inverse of the classes' frequencies: of calibrated probabilities, the labels with the
    highest expected balanced accuracy (Elkan, The Foundations of Cost-Sensitive Learning, 2001)."""
    counts = np.bincount(targets, minlength=predictions.shape[1])
    if len(counts) > MOST_CLASSES:
        return MostProbable(kind="most_probable")
    weights = np.where(counts > 0, counts.max() / np.maximum(counts, 1), 1.0)
    return _weighted(weights)


def _best_weight(
    probabilities: Float64[np.ndarray, "rows classes"],
    targets: Labels,
    weights: Float64[np.ndarray, " classes"],
    one: int,
    worth: Float64[np.ndarray, " classes"],
) -> float:
    """Of class `one`: in the middle between the two rows' ratios where the sum of F1 by worth is highest, or as it
    is."""
    weighted = probabilities * weights
    weighted[:, one] = -1
    others = weighted.argmax(axis=1)
    ratios = weighted[np.arange(len(weighted)), others] / probabilities[:, one]
    order = np.argsort(ratios, kind="stable")
    scores = _scores_as_rows_move(others[order], targets[order], one, worth)
    rising = ratios[order]
    # Equal ratios move together: only after the last of them is there a weight that tells them from the rest.
    tells = np.append(np.diff(rising) > 0, True)
    now = int(np.searchsorted(rising, weights[one], side="left"))
    scores[1:][~tells] = -np.inf
    best = int(np.argmax(scores))
    if scores[best] <= scores[now] + LEAST_GAIN:
        return float(weights[one])
    below = rising[best - 1] if best > 0 else rising[0] / 4
    above = rising[best] if best < len(rising) else rising[-1] * 4
    return float(np.sqrt(below * above))


def _scores_as_rows_move(
    others: Labels, targets: Labels, one: int, worth: Float64[np.ndarray, " classes"]
) -> Float[np.ndarray, " rows_and_none"]:
    """Sum of the classes' F1 by worth when none of the rows, the first, the first two, ... are labelled `one`."""
    moved, classes = np.ones(len(others), np.int64), len(worth)
    wanted = np.bincount(targets, minlength=classes)
    labelled, right = np.bincount(others, minlength=classes), np.bincount(others[others == targets], minlength=classes)
    before = worth * _f1(right, labelled + wanted)
    by_class = np.argsort(others, kind="stable")
    left = _running(moved[by_class], others[by_class], classes)
    lost = _running((others == targets)[by_class].astype(np.int64), others[by_class], classes)
    left_by = others[by_class]
    after_move = worth[left_by] * _f1(right[left_by] - lost, (labelled + wanted)[left_by] - left)
    changes = np.empty(len(others))
    first = np.append(True, np.diff(others[by_class]) != 0)
    changes[by_class] = np.diff(after_move, prepend=0)
    changes[by_class[first]] = after_move[first] - before[others[by_class[first]]]
    hits = np.cumsum(targets == one)
    gained = worth[one] * _f1(hits, np.arange(1, len(others) + 1) + wanted[one])
    return np.append(before.sum(), before.sum() + np.cumsum(changes) + gained)


def _running(amounts: Labels, groups: Labels, classes: int) -> Labels:
    """Cumulative sums within each of the sorted groups, the row itself included."""
    total = np.cumsum(amounts)
    ends = np.cumsum(np.bincount(groups, minlength=classes))
    starts = np.append(0, ends[:-1])
    before = np.append(0, total)[starts]
    return total - before[groups]


def _f1(right: Labels, seen: Labels) -> Float64[np.ndarray, " some"]:
    return 2 * right / np.maximum(seen, 1)


def fit_label(
    predictions: Float32[np.ndarray, "rows 2"], targets: Int64[np.ndarray, " rows"], worth: Worth
) -> WeightedClasses | None:
    """The second class from the threshold on that is worth most: weights say the same of two classes. None without a
    positive row."""
    threshold = best_threshold(predictions[:, 1], targets, worth)
    if threshold is None:
        return None
    return WeightedClasses(kind="weighted_classes", weights=(threshold, 1 - threshold))


class LabelOfEach(RuleKind):
    """Each column's label by the rule for it, of that column's classes alone."""

    kind: Literal["label_of_each"]
    sizes: tuple[int, ...]
    """How many classes each column has; they follow each other."""
    rules: tuple[Annotated[MostProbable | WeightedClasses, Field(discriminator="kind")], ...]

    def __call__(self, predictions: Float32[np.ndarray, "rows classes"]) -> Int64[np.ndarray, "rows columns"]:
        """Positions among all classes."""
        parts = zip(self.rules, column_slices(self.sizes), strict=True)
        return np.column_stack([mine.start + rule(predictions[:, mine]) for rule, mine in parts])

    def fitted(
        self,
        metric: MetricKind,
        predictions: Float32[np.ndarray, "rows classes"],
        targets: Int64[np.ndarray, "rows columns"],
        classes: int,
    ) -> RuleKind:
        """Each column's rule by the rows that have a label there."""
        likeliest, rules = MostProbable(kind="most_probable"), []
        for column, mine in enumerate(column_slices(self.sizes)):
            known = targets[:, column] >= 0
            labels = targets[known, column] - mine.start
            fit = metric.fit_labels(predictions[known, mine], labels, mine.stop - mine.start) if len(labels) else None
            rules.append(fit or likeliest)
        return self.model_copy(update={"rules": tuple(rules)})


def likeliest_of_each(sizes: tuple[int, ...]) -> LabelOfEach:
    return LabelOfEach(kind="label_of_each", sizes=sizes, rules=(MostProbable(kind="most_probable"),) * len(sizes))
