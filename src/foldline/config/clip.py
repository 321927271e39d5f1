"""Section `clip`: bounds on the final probabilities."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

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

    @model_validator(mode="after")
    def _rows_can_sum_to_one(self) -> "Bounds":
        if self.lower > self.upper:
            raise ValueError(f"clip.lower is {self.lower:g}, above clip.upper {self.upper:g}: exchange them")
        # Absolute bounds wait for the number of classes, in the stage.
        if self.unit == "per_class" and not self.lower <= 1 <= self.upper:
            raise ValueError(
                f"C values between clip.lower {self.lower:g}/C and clip.upper {self.upper:g}/C cannot sum to one: "
                "it takes lower <= 1 <= upper"
            )
        return self


Clip = Annotated[NoClip | Bounds, Field(discriminator="kind")]
