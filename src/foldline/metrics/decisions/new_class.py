"""Rows of a class that no train row has: the new class, where no known one is likely.

Source: Hendrycks and Gimpel, A Baseline for Detecting Misclassified and Out-of-Distribution Examples, 2017.
"""

from collections.abc import Callable
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float32, Int64

from foldline.files.arrays import gather
from foldline.metrics.decisions.likeliest import MostProbable, likeliest
from foldline.metrics.decisions.weighted_classes import OneLabel
from foldline.metrics.metric_and_rule import MetricKind, RuleKind
from foldline.metrics.truths_and_answers import NOTHING, Labels, Predictions, Rankings

GRID = 200
"""Candidates for the rejection threshold, equally many rows' likeliest classes between each two."""


class _OrNew(RuleKind):
    """The new class stands where no known one is as likely as `rejection_threshold`."""

    new_class: int
    """Its position: that of its output where train rows have it, else one after the last class."""
    rejection_threshold: float

    def note(self, targets: Labels) -> str | None:
        if self.new_class in targets:
            return None
        return f"no class is new to any fold: the rejection threshold stays at {self.rejection_threshold:g}"

    def at_best_threshold(
        self,
        metric: MetricKind,
        targets: Labels,
        highest: Float32[np.ndarray, " rows"],
        answers: Callable[[float], np.ndarray],
    ) -> "_OrNew":
        """With the threshold whose answers score highest. Where no row is new, rows say nothing of it: it stays.

        highest: of each row's known classes the likeliest's probability.
        """
        if self.new_class not in targets:
            return self
        candidates = np.unique(np.quantile(highest, np.linspace(0, 1, GRID + 1), method="lower"))
        thresholds = [0.0, self.rejection_threshold, *((candidates[:-1] + candidates[1:]) / 2).tolist(), 1.0]
        scores = [metric.score(targets, answers(threshold)) for threshold in thresholds]
        return self.model_copy(update={"rejection_threshold": thresholds[int(np.argmax(scores))]})


class LabelOrNew(_OrNew):
    """The label of `known`, but the new class where the highest probability is below `rejection_threshold`."""

    kind: Literal["label_or_new"]
    known: OneLabel

    def __call__(self, predictions: Predictions) -> Labels:
        return np.where(_highest(predictions) < self.rejection_threshold, self.new_class, self.known(predictions))

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Labels) -> RuleKind:
        """The best threshold, after the rule for known classes was fitted on their rows. A class that a row's model has
        not seen is new."""
        seen, unfitted = np.flatnonzero(targets != self.new_class), MostProbable(kind="most_probable")
        known = metric.fit_labels(gather(predictions, seen), targets[seen]) or unfitted
        rule, labels, highest = self.model_copy(update={"known": known}), known(predictions), _highest(predictions)

        def answers(threshold: float) -> Labels:
            return np.where(highest < threshold, self.new_class, labels)

        return rule.at_best_threshold(metric, targets, highest, answers)


class TopClassesOrNew(_OrNew):
    """The `length` likeliest classes, the new class as likely as `rejection_threshold` says, whatever its own output
    does."""

    kind: Literal["top_classes_or_new"]
    length: int
    fits_rejection_alone: ClassVar = True

    def __call__(self, predictions: Predictions) -> Rankings:
        return self._with_new(self.rejection_threshold, *likeliest(predictions, self.length + 1))

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Labels) -> RuleKind:
        if not metric.fits_rejection:
            return self
        rankings, probabilities = likeliest(predictions, self.length + 1)

        def answers(threshold: float) -> Rankings:
            return self._with_new(threshold, rankings, probabilities)

        return self.at_best_threshold(metric, targets, probabilities[:, 0], answers)

    def _with_new(
        self, threshold: float, rankings: Rankings, probabilities: Float32[np.ndarray, "rows length"]
    ) -> Int64[np.ndarray, "rows kept"]:
        # One class more than asked for was taken, so that without the new one's own output there are still enough.
        scores = np.where(rankings == self.new_class, -2, probabilities).astype(np.float64)
        classes = np.where(rankings == self.new_class, NOTHING, rankings)
        scores = np.column_stack([np.full(len(scores), threshold), scores])
        classes = np.column_stack([np.full(len(classes), self.new_class), classes])
        order = np.argsort(-scores, axis=1, kind="stable")[:, : self.length]
        return np.take_along_axis(classes, order, axis=1)


def _highest(predictions: Predictions) -> Float32[np.ndarray, " rows"]:
    return likeliest(predictions, 1)[1][:, 0]
