"""Section `predict`: test-time views and the size of a batch."""

from typing import Annotated

from pydantic import Field

from foldline.config.section import Section


class Predict(Section):
    views: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names of views; all but `identity` must be among the symmetries that the card allows."""
    batch_size: Annotated[int, Field(ge=1)]
    """Images per step, in all processes together."""
    workers: Annotated[int, Field(ge=0)]
    """Loader processes beside each process."""
