"""The forms of predictions: distributions, probabilities each by itself, numbers, levels.

A form is one class: its fields are its keys, and it knows its scale of scores.
"""

import math
from collections.abc import Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float64
from pydantic import TypeAdapter

from foldline.card.activations import Activation, ColumnSoftmax, column_slices
from foldline.ensembling.form_kind import Claims, FormKind, listed_numbers
from foldline.ensembling.log_losses import are_positions
from foldline.ensembling.scales import OfLogProbabilities, OfOdds, Scale
from foldline.metrics.decisions.likeliest import likeliest, most_probable
from foldline.metrics.decisions.weighted_classes import likeliest_of_each
from foldline.metrics.metric_and_rule import ratio
from foldline.params.kinds import union_of


class Distribution(FormKind):
    """A distribution over the classes."""

    kind: Literal["distribution"]
    scale: ClassVar[type[Scale]] = OfLogProbabilities
    adds_up: ClassVar[bool] = True
    is_one_distribution: ClassVar[bool] = True

    def named(self, predictions: np.ndarray) -> np.ndarray:
        return most_probable(predictions)

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        highest = likeliest(predictions, 2)[1].astype(np.float64)
        return 1 - (highest[:, 0] - highest[:, 1])

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        first, highest = likeliest(predictions, 1)
        return [f"{names[label]} {value:.2f}" for (label,), (value,) in zip(first, highest, strict=True)]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """One per row: that it is of the likeliest class; of two classes, of the second. Where targets are
        distributions, it comes true by the class's share."""
        named, said = (one[:, 0] for one in likeliest(predictions, 1))
        if predictions.shape[1] == 2:
            named, said = np.ones(len(predictions), np.int64), predictions[:, 1]
        came_true = named == targets if are_positions(targets) else targets[np.arange(len(targets)), named]
        return said, came_true.astype(np.float64)

    def claimed(self, classes: Sequence[str]) -> str:
        return f"that a row is {classes[1]}" if len(classes) == 2 else "that a row is of its likeliest class"


class Independent(FormKind):
    """A probability for each class by itself."""

    kind: Literal["independent"]
    scale: ClassVar[type[Scale]] = OfOdds

    def named(self, predictions: np.ndarray) -> np.ndarray:
        return predictions >= 0.5

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """Of the label that it is highest for."""
        return 1 - np.abs(2 * predictions.astype(np.float64) - 1).min(axis=1)

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        return [listed_numbers(row, names, np.flatnonzero(row >= 0.5)) or "nothing" for row in predictions]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """One per row and class: that the row is of it."""
        return predictions.ravel(), targets.ravel().astype(np.float64)

    def claimed(self, classes: Sequence[str]) -> str:
        return "that a row has a label, whichever"


class Numbers(FormKind):
    """A number for each class."""

    kind: Literal["value"]
    scale: ClassVar[type[Scale]] = Scale
    has_probabilities: ClassVar[bool] = False
    loss_name: ClassVar[str] = "absolute error"

    def row_losses(self, predictions: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """The mean over a row's known numbers, NaN where none is. Of several columns each is in units of its standard
        deviation: so all count alike."""
        wide = targets.astype(np.float64)
        known = ~np.isnan(wide)
        counts = known.sum(axis=1)
        units = np.nanstd(np.where(known.any(axis=0), wide, 0), axis=0) if wide.shape[1] > 1 else np.ones(1)
        errors = np.where(known, np.abs(predictions - wide), 0) / np.where(units > 0, units, 1)
        return ratio(errors.sum(axis=1), counts, of_nothing=math.nan)


class LevelNumber(FormKind):
    """One number per row, a place on the scale of the classes."""

    kind: Literal["level"]
    scale: ClassVar[type[Scale]] = Scale
    has_probabilities: ClassVar[bool] = False
    loss_name: ClassVar[str] = "distance in levels"

    def row_losses(self, predictions: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
        return np.abs(predictions[:, 0].astype(np.float64) - targets)

    def width(self, classes: int) -> int:
        return 1


class ColumnDistributions(FormKind):
    """A distribution over the classes of each of several columns, which follow each other."""

    kind: Literal["column_distributions"]
    sizes: tuple[int, ...]
    """How many classes each column has."""
    scale: ClassVar[type[Scale]] = OfLogProbabilities
    adds_up: ClassVar[bool] = True

    def width(self, classes: int) -> int:
        return ColumnSoftmax.over(self.sizes).outputs(classes)

    def distributions(self, outputs: int) -> tuple[int, ...]:
        return self.sizes

    def named(self, predictions: np.ndarray) -> np.ndarray:
        return likeliest_of_each(self.sizes)(predictions)

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """Of the column that it is highest for."""
        of_columns = [np.sort(predictions[:, mine].astype(np.float64), axis=1) for mine in column_slices(self.sizes)]
        return 1 - np.min([one[:, -1] - (one[:, -2] if one.shape[1] > 1 else 0) for one in of_columns], axis=0)

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        return [
            listed_numbers(row, names, labels) for row, labels in zip(predictions, self.named(predictions), strict=True)
        ]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """One per row and column: that its label is the likeliest."""
        named, known = self.named(predictions), targets >= 0
        said = np.take_along_axis(predictions, named, axis=1)
        return said[known], (named == targets)[known].astype(np.float64)


Form = Annotated[FormKind, union_of("foldline.ensembling.forms", FormKind)]
"""In files a word, or `{"kind": "column_distributions", "sizes": [3, 3]}`."""


def form_of(activation: Activation) -> Form:
    return TypeAdapter(Form).validate_python({**dict(activation), "kind": activation.form})
