"""Weights of classes or columns by their names, as cards give them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from jaxtyping import Float64
from pydantic import BeforeValidator, Field, NonNegativeFloat, PrivateAttr

from foldline.files.class_names import column_sizes
from foldline.files.refusal import Refusal, listed
from foldline.metrics.metric_and_rule import MetricKind, mean_of_defined
from foldline.metrics.truths_and_answers import Weights
from foldline.params.section import Section


class ByTruth(Section):
    """What a row counts in a column where the label is absent there, and where it is present."""

    negative: NonNegativeFloat
    positive: NonNegativeFloat


def _number_or_both(value: Any) -> Any:
    # Said here: a union would answer for each of its kinds.
    if isinstance(value, dict) and set(value) != {"negative", "positive"}:
        found = ", ".join(map(str, value))
        raise ValueError(f"metric.weights takes numbers, or {{negative: 1, positive: 2}}, found the keys {found}")
    return value


ByName = Annotated[Mapping[str, NonNegativeFloat], Field(min_length=1, examples=[{"a": 2}])]
"""By the name of a class or column; those without one weigh 1."""
ByNameAndTruth = Annotated[
    Mapping[str, Annotated[NonNegativeFloat | ByTruth, BeforeValidator(_number_or_both)]],
    Field(min_length=1, examples=[{"a": 2, "b": {"negative": 1, "positive": 2}}]),
]
"""The same, where a weight may depend on what is true: `{any: 2, C1: {negative: 1, positive: 2}}`."""


class WeightedByName(MetricKind):
    """A metric whose classes, or columns, weigh as `weights` says."""

    weights: Any

    _classes: tuple[str, ...] = PrivateAttr(default=())

    @property
    def weighted_names(self) -> tuple[str, ...]:
        return tuple(self.weights or ())

    @property
    def weightable_names(self) -> tuple[str, ...]:
        """What it may weigh, once the classes are known."""
        return self._classes

    @property
    def in_order(self) -> Float64[np.ndarray, " weightable_names"]:
        """The weights of all that it may weigh."""
        return weights_of(self.weights or {}, self.weightable_names)

    def of(self, classes: Sequence[str]) -> "WeightedByName":
        known = self.model_copy()
        known._classes = tuple(classes)
        known.refuse_unknown_names()
        return known

    def refuse_unknown_names(self) -> None:
        """Raises Refusal where the card names classes that there are not."""
        refuse_unknown(self.weighted_names, self.weightable_names, "metric.weights")


class MeanOfColumns(WeightedByName):
    """A mean over the columns of a target of several labels, a missing label left out."""

    weights: ByName | None
    """By the name of a column: `{grapheme_root: 2}`. null: all weigh the same."""
    truths: ClassVar = ("labels",)

    @property
    def weightable_names(self) -> tuple[str, ...]:
        return tuple(column_sizes(self._classes))

    def of_columns(
        self, targets: np.ndarray, predictions: np.ndarray, weights: Weights
    ) -> Float64[np.ndarray, " columns"]:
        """targets: positions among all classes, -1 for a missing label. NaN for a column where no row counts."""
        raise NotImplementedError

    def value(self, targets: np.ndarray, predictions: np.ndarray, weights: Weights) -> float:
        """NaN where no column that weighs anything has a label."""
        return mean_of_defined(self.of_columns(targets, predictions, weights), self.in_order)


def weights_of(by_name: Mapping[str, float], names: Sequence[str]) -> Float64[np.ndarray, " names"]:
    """1 for a name that has none."""
    return np.array([by_name.get(name, 1.0) for name in names])


def refuse_unknown(by_name: Iterable[str], names: Sequence[str], fact: str) -> None:
    unknown = [name for name in by_name if name not in names]
    if unknown:
        raise Refusal(
            f"{fact} names {listed(unknown)}, which is not a class. Classes: {listed(names, 20)}. Correct the card."
        )
