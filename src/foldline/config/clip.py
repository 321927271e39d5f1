"""Section `clip`: bounds on the final probabilities."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.config.section import Section


class NoClip(Section):
    kind: Literal["none"]


class Bounds(Section):
    """Explicit bounds; a row is returned to the simplex within them."""

    kind: Literal["bounds"]
    unit: Literal["absolute", "per_class"]
    """per_class: `lower` and `upper` are multiples of 1/C, C the number of classes."""
    lower: Annotated[float, Field(ge=0)]
    upper: Annotated[float, Field(gt=0)]


Clip = Annotated[NoClip | Bounds, Field(discriminator="kind")]
