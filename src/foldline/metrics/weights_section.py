"""Weights of classes or columns, as cards give them."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from foldline.params.section import Section

NotNegative = Annotated[float, Field(ge=0)]


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


Weights = Annotated[Mapping[str, NotNegative], Field(min_length=1)]
"""By the name of a class or column; those without one weigh 1."""
WeightsByTruth = Annotated[
    Mapping[str, Annotated[NotNegative | ByTruth, BeforeValidator(_number_or_both)]], Field(min_length=1)
]
"""The same, where a weight may depend on what is true: `{any: 2, C1: {negative: 1, positive: 2}}`."""
