"""Weights of classes or columns: as cards give them, and in the order of the classes."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from foldline.files.class_names import label_of
from foldline.files.refusal import Refusal, listed
from foldline.params.section import NotNegative, Section


class ByTruth(Section):
    """What a row counts in a column where the label is absent there, and where it is present."""

    negative: NotNegative
    positive: NotNegative


def _number_or_both(value: Any) -> Any:
    # Said here: a union would answer for each of its kinds.
    if isinstance(value, dict) and set(value) != {"negative", "positive"}:
        found = ", ".join(map(str, value))
        raise ValueError(f"metric.weights takes numbers, or {{negative: 1, positive: 2}}, found the keys {found}")
    return value


ByName = Annotated[Mapping[str, NotNegative], Field(min_length=1, examples=[{"a": 2}])]
"""By the name of a class or column; those without one weigh 1."""
ByNameAndTruth = Annotated[
    Mapping[str, Annotated[NotNegative | ByTruth, BeforeValidator(_number_or_both)]],
    Field(min_length=1, examples=[{"a": 2, "b": {"negative": 1, "positive": 2}}]),
]
"""The same, where a weight may depend on what is true: `{any: 2, C1: {negative: 1, positive: 2}}`."""


def weights_of(by_name: Mapping[str, float], classes: Sequence[str]) -> tuple[float, ...]:
    """Of each class or column, 1 where it has none."""
    return tuple(by_name.get(name, 1.0) for name in classes)


def weights_by_truth(by_name: Mapping[str, float | ByTruth], classes: Sequence[str]) -> tuple[tuple[float, float], ...]:
    """The same, of each where it is absent, and where it is present."""
    weights = (by_name.get(name, 1.0) for name in classes)
    return tuple((one.negative, one.positive) if isinstance(one, ByTruth) else (one, one) for one in weights)


def refuse_unknown(by_name: Iterable[str], classes: Sequence[str], fact: str = "metric.weights") -> None:
    """Raises Refusal for the weight of a class that there is not."""
    unknown = [name for name in by_name if name not in classes]
    if unknown:
        raise Refusal(
            f"{fact} names {listed(unknown)}, which is no class. Classes: {listed(classes, 20)}. Correct the card."
        )


def labels_of(classes: Sequence[str]) -> tuple[str, ...]:
    """Each class's label, whatever its column."""
    return tuple(map(label_of, classes))
