"""Section `predict`: test-time views, precision and the size of a batch."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator

from foldline.card.views import View
from foldline.params.section import Section


class Predict(Section):
    views: Annotated[tuple[View, ...], Field(min_length=1)]
    """Flips and turns must be among the symmetries that the card allows."""
    precision: Literal["float32", "bfloat16", "float16"]
    """Of the forward pass; logits are float32 whatever it is."""
    batch_size: PositiveInt
    """Images per step, in all processes together."""
    workers: NonNegativeInt
    """Loader processes per process."""

    @field_validator("views")
    @classmethod
    def _different(cls, views: tuple[View, ...]) -> tuple[View, ...]:
        if len(set(views)) < len(views):
            raise ValueError("a view is listed twice")
        return views
