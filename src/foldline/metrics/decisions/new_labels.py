"""One label per row, or that of the new class where no class is likely."""

from collections.abc import Callable
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Bool, Float32, Int64
from pydantic import Field

from foldline.files.arrays import gather
from foldline.metrics.decisions.labels import MostProbable, WeightedClasses, highest_probability
from foldline.params.section import Section

GRID = 200
"""Candidates for the level, equally many rows' highest probabilities between each two."""

Predictions = Float32[np.ndarray, "rows classes"]
Labels = Int64[np.ndarray, " rows"]


class LabelOrNew(Section):
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


def fit_label_or_new(
    rule: LabelOrNew,
    predictions: Predictions,
    targets: Labels,
    fit_known: Callable[[MostProbable, Predictions, Labels], MostProbable | WeightedClasses],
    score: Callable[[Labels, Labels], float],
) -> LabelOrNew:
    """The level with the highest `score(targets, labels)`, after the rule for known classes was fitted on their rows.

    targets: as `graded_targets` (competition/targets.py) gives them: a class that a row's model has not seen is new.
    Where no row is new, rows say nothing of the level: it stays.
    """
    is_new: Bool[np.ndarray, " rows"] = targets == rule.new_class
    seen = np.flatnonzero(~is_new)
    known = fit_known(MostProbable(kind="most_probable"), gather(predictions, seen), targets[seen])
    rule = rule.model_copy(update={"known": known})
    if not is_new.any():
        return rule
    labels, highest = known(predictions), highest_probability(predictions)
    candidates = np.unique(np.quantile(highest, np.linspace(0, 1, GRID + 1), method="lower"))
    levels = [0.0, rule.level, *((candidates[:-1] + candidates[1:]) / 2).tolist(), 1.0]
    scores = [score(targets, np.where(highest < level, rule.new_class, labels)) for level in levels]
    return rule.model_copy(update={"level": levels[int(np.argmax(scores))]})
