"""A view of another size than the images' ends in a refusal where the model takes one size alone."""

import pytest

from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.networks import Model, Models, refuse_scaled_views
from tests.training.small import MODEL


def model(name: str) -> Model:
    return parse(MODEL | {"name": name}, Models, "model")


def test_a_model_of_one_size_takes_no_scaled_view() -> None:
    vit = model("vit_tiny_patch16_224")
    with pytest.raises(
        Refusal, match=r"scale_125, scale_50\+transpose, but `vit_tiny_patch16_224` takes images of one"
    ):
        refuse_scaled_views(vit, ["identity", "scale_125", "scale_50+transpose", "crop_center"])
    refuse_scaled_views(vit, ["identity", "scale_100", "crop_center"])
    refuse_scaled_views(model("resnet18"), ["scale_125"])
