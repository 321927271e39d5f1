"""One label per row, or that of the new class where no class is likely."""

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64
from pydantic import Field

from foldline.files.arrays import gather
from foldline.metrics.decisions.labels import MostProbable, WeightedClasses, highest_probability
from foldline.metrics.decisions.rankings import level_note, levels_to_try
from foldline.metrics.metric_and_rule import MetricKind, RuleKind

Predictions = Float32[np.ndarray, "rows classes"]
Labels = Int64[np.ndarray, " rows"]


class LabelOrNew(RuleKind):
    """The label of `known`, but the new class where the highest probability is below `level`.

    Source: Hendrycks and Gimpel, A Baseline for Detecting Misclassified and Out-of-Distribution Examples, 2017.
    """

    kind: Literal["label_or_new"]
    known: Annotated[MostProbable | WeightedClasses, Field(discriminator="kind")]
    new_class: int
    """Its position: that of its output where train rows have it, else one after the last class."""
    level: float

    def __call__(self, predictions: Predictions) -> Labels:
        return np.where(highest_probability(predictions) < self.level, self.new_class, self.known(predictions))

    def note(self, targets: Labels) -> str | None:
        return level_note(self.level, self.new_class in targets)

    def fitted(self, metric: MetricKind, predictions: Predictions, targets: Labels, classes: int) -> RuleKind:
        """The level with the highest score, after the rule for known classes was fitted on their rows.

        A class that a row's model has not seen is new. Where no row is new, rows say nothing of the level: it stays.
        """
        is_new: Bool[np.ndarray, " rows"] = targets == self.new_class
        seen, likeliest = np.flatnonzero(~is_new), MostProbable(kind="most_probable")
        known = metric.fit_labels(gather(predictions, seen), targets[seen], classes) or likeliest
        rule = self.model_copy(update={"known": known})
        if not is_new.any():
            return rule
        labels, highest = known(predictions), highest_probability(predictions)
        levels = levels_to_try(highest, self.level)
        scores = [metric.score(targets, np.where(highest < level, self.new_class, labels)) for level in levels]
        return rule.model_copy(update={"level": levels[int(np.argmax(scores))]})
