"""Grad-CAM against its formula written out, and by hand; each row by its own fold's model; models that have no map."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from foldline.params.section import parse
from foldline.report.activation_maps import activation_maps, last_map, maps_of_rows
from foldline.training.models import Architecture, Classifier, build_model, save_model
from tests.report.drawn import drawn
from tests.training.small import MODEL


def architecture(name: str, side: int, outputs: int = 2) -> Architecture:
    shape = {"channels": 3, "height": side, "width": side, "outputs": outputs, "activation": "softmax", "tabular": None}
    return parse({"model": MODEL | {"name": name}, **shape}, Architecture, "a model")


def model_of(name: str, side: int = 64, seed: int = 0, outputs: int = 2) -> Classifier:
    torch.manual_seed(seed)
    return build_model(architecture(name, side, outputs)).eval()


def image_of(seed: int = 0, side: int = 64) -> Tensor:
    return torch.rand((1, 3, side, side), generator=torch.Generator().manual_seed(seed)) * 255


@pytest.mark.parametrize("name", ["test_resnet", "test_efficientnet"])
def test_it_is_the_formula(name: str) -> None:
    """The slopes here are autograd's of the whole network, kept by torch itself."""
    model, image, seen = model_of(name), image_of(), []
    stage = last_map(model)
    assert stage is not None

    def keep(module: nn.Module, given: object, made: Tensor) -> Tensor:
        made.retain_grad()
        seen.append(made)
        return made.clone()

    hook = model.backbone.get_submodule(stage).register_forward_hook(keep)
    model(image)[0, 1].backward()
    hook.remove()
    values, slopes = seen[0][0], seen[0].grad[0]
    raised = torch.relu((values * slopes.mean(dim=(1, 2))[:, None, None]).sum(0)).detach()
    found = activation_maps(model, stage, image, [0, 1])
    assert found.shape == (2, *raised.shape)
    np.testing.assert_allclose(found[1], (raised / raised.max()).numpy(), atol=1e-4)


class OneMap(nn.Module):
    """Its only stage gives the image itself; `output_fmt` says in which order."""

    def __init__(self, output_fmt: str) -> None:
        super().__init__()
        self.stage, self.output_fmt = nn.Identity(), output_fmt
        self.feature_info = [{"module": "stage"}]
        self.pretrained_cfg = {"mean": (0.0,) * 3, "std": (1 / 255,) * 3}

    def forward(self, images: Tensor) -> Tensor:
        is_last = self.output_fmt == "NHWC"
        made = self.stage(images.permute(0, 2, 3, 1) if is_last else images)
        return made.mean(dim=(1, 2) if is_last else (2, 3))


@pytest.mark.parametrize("order", ["NCHW", "NHWC"])
def test_where_a_known_network_looks(order: str) -> None:
    """Output 0 is the mean of red less that of blue: it looks where red is above blue, and output 1, its opposite,
    where blue is above red. The slopes of a mean are equal everywhere, so a map is red - blue itself."""
    head = nn.Linear(3, 2, bias=False)
    head.weight.data = torch.tensor([[1.0, 0, -1], [-1, 0, 1]])
    model = Classifier(architecture("test_resnet", 4), OneMap(order), nn.Identity(), head)
    image = torch.zeros(1, 3, 4, 4)
    image[0, 0, 0, 0], image[0, 0, 3, 3], image[0, 2, 1, 2] = 200, 100, 50
    stage = last_map(model)
    assert stage == "stage"
    red, blue = activation_maps(model, stage, image, [0, 1])
    expected = np.zeros((4, 4))
    expected[0, 0], expected[3, 3] = 1, 0.5
    np.testing.assert_allclose(red, expected, atol=1e-6)
    assert blue.argmax() == 6
    assert np.count_nonzero(blue) == 1
    image[0, 2] = 0
    assert not activation_maps(model, stage, image, [1]).any(), "nothing speaks for it"


def test_the_last_map_that_says_where_is_taken() -> None:
    assert last_map(model_of("test_resnet", 160)) == "layer4"
    assert last_map(model_of("test_resnet", 24)) == "layer2", "of 24 pixels layer4 keeps one position"
    assert last_map(model_of("test_vit", 160)) is None


def test_each_row_is_shown_by_the_model_that_has_not_seen_it(tmp_path: Path) -> None:
    models = [model_of("test_resnet", seed=seed) for seed in (1, 2)]
    for fold, model in enumerate(models):
        save_model(tmp_path / f"{fold}.safetensors", model)
    pixels = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), dtype=np.uint8)
    evidence = drawn([0, 1], [[0.5, 0.5]] * 2)
    found = maps_of_rows(evidence, pixels, lambda fold: tmp_path / f"{fold}.safetensors", {0: [1], 1: [0, 1]})
    assert found.said.startswith("Orange is where the row's own model looks: Grad-CAM of its stage layer3.")
    assert set(found.maps) == {(0, 1), (1, 0), (1, 1)}
    for row, model in enumerate(models):
        image = torch.from_numpy(pixels[[row]]).permute(0, 3, 1, 2)
        (expected,) = activation_maps(model, "layer3", image, [1])
        np.testing.assert_allclose(found.maps[row, 1], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "outputs", "said"),
    [
        ("test_vit", 2, "no stage keeps 3 x 3 positions of the image, as in a vision transformer"),
        ("test_resnet", 5, "The model's outputs are no classes"),
        (None, 2, "There are no maps of where models look: .*model.safetensors does not exist"),
    ],
)
def test_what_has_no_map_is_left_out_and_said(name: Any, outputs: int, said: str, tmp_path: Path) -> None:
    if name is not None:
        save_model(tmp_path / "model.safetensors", model_of(name, 160, outputs=outputs))
    pixels = np.zeros((2, 160, 160, 3), np.uint8)
    evidence = drawn([0, 1], [[0.5, 0.5]] * 2)
    found = maps_of_rows(evidence, pixels, lambda fold: tmp_path / "model.safetensors", {0: [1]})
    assert found.maps == {}
    assert re.search(said, found.said)
