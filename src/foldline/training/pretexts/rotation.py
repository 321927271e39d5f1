from collections.abc import Iterator
from typing import ClassVar, Literal

from jaxtyping import Float, Shaped

from foldline.training.networks import Model
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.train_part import Tensor


class Rotation(LearnedPretext):
    """By which of 0, 90, 180 and 270 degrees an image is turned. All four of an image stand in one step, exact to the
    pixel. Source: Gidaris, Singh and Komodakis, Unsupervised Representation Learning by Predicting Image Rotations,
    2018."""

    kind: Literal["rotation"]
    classes: ClassVar = 4
    symmetries: ClassVar = ("horizontal_flip",)
    copies: ClassVar = 4

    def posed(
        self, images: Shaped[Tensor, "batch channels side side"]
    ) -> tuple[Shaped[Tensor, "shown channels side side"], Float[Tensor, "shown classes"]]:
        import torch

        turned = torch.stack([torch.rot90(images, quarters, (2, 3)) for quarters in range(4)], dim=1)
        return turned.flatten(0, 1), torch.eye(4, device=images.device).repeat(len(images), 1)

    def contradictions(self, height: int, width: int, folds: int, model: Model) -> Iterator[str]:
        yield from super().contradictions(height, width, folds, model)
        if height != width:
            yield (
                f"pretext.kind is rotation, but prepare makes images of {height} x {width} pixels, of which a "
                "quarter turn makes another shape: set prepare.height_pixels and prepare.width_pixels to one number"
            )
