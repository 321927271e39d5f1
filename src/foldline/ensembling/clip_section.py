"""Section `clip`: bounds on the final probabilities, and the rule that makes answers of them."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.params.section import Section


class NoBounds(Section):
    kind: Literal["none"]


class GivenBounds(Section):
    """Explicit bounds; a row is returned to the simplex within them."""

    kind: Literal["given"]
    unit: Literal["absolute", "per_class"]
    """per_class: `lower` and `upper` are multiples of 1/C, C the number of classes."""
    lower: Annotated[float, Field(ge=0)]
    upper: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _rows_can_sum_to_one(self) -> "GivenBounds":
        if self.lower > self.upper:
            raise ValueError(
                f"clip.bounds.lower is {self.lower:g}, above clip.bounds.upper {self.upper:g}: exchange them"
            )
        # Absolute bounds wait for the number of classes, in the stage.
        if self.unit == "per_class" and not self.lower <= 1 <= self.upper:
            raise ValueError(
                f"C values between clip.bounds.lower {self.lower:g}/C and clip.bounds.upper {self.upper:g}/C "
                "cannot sum to one: it takes lower <= 1 <= upper"
            )
        return self


class FittedBounds(Section):
    """The lower bound that the out-of-fold predictions ask for; the upper one is what it leaves to a single class."""

    kind: Literal["fitted"]


class Clip(Section):
    bounds: Annotated[NoBounds | GivenBounds | FittedBounds, Field(discriminator="kind")]
    rule: Literal["default", "fitted"]
    """What turns predictions into labels, sets, rankings or values: the obvious rule, or one that is fitted to the
    metric on out-of-fold predictions (thresholds, cut points, weights of classes)."""
