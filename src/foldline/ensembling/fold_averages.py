"""What is averaged over a model's views, and then over folds (`ensemble.average`)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from jaxtyping import Float

from foldline.card.activations import Activation
from foldline.ensembling.scales import Inputs, Scale
from foldline.files.compact import array_at


class Average:
    """Predictions, or their ranks (ranks.py makes members of these)."""

    of_ranks: ClassVar[bool] = False

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        """Of the logits under one view."""
        return scale.from_logits(logits, activation)

    def of_views(self, scale: Scale, summands: Inputs, activation: Activation) -> np.ndarray:
        """On the scale."""
        return scale.mean(summands)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.mean(of_folds)


class OfLogits(Average):
    """A geometric mean of distributions, or of odds."""

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        return logits

    def of_views(self, scale: Scale, summands: Inputs, activation: Activation) -> np.ndarray:
        return scale.from_logits(scale.mean_of_logits(summands), activation)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.normalised(scale.mean_of_logits(of_folds))


class OfRanks(Average):
    of_ranks = True


AVERAGES: Mapping[str, Average] = {"probabilities": Average(), "logits": OfLogits(), "ranks": OfRanks()}


@dataclass(frozen=True)
class Reading:
    """How logits are read, which lie in files as a row of them per view."""

    average: Average
    scale: Scale
    views: tuple[int, ...] | None
    """The places of views to be read each by itself, in this order; None for the mean of all."""

    @property
    def arrays_per_member(self) -> int:
        return 1 if self.views is None else len(self.views)

    def read(self, logits: Float[np.ndarray, "rows views outputs"], activation: Activation) -> Inputs:
        """Of one member: its scores, or what is averaged of each view."""
        views = self.views or range(logits.shape[1])
        summands = tuple(self.average.summand(self.scale, array_at(logits, place), activation) for place in views)
        return summands if self.views else (self.average.of_views(self.scale, summands, activation),)
