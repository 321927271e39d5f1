"""Models: any of timm's, with our head, in a file that says what it is."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from foldline.card.activations import Activation
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.backbones import known_model
from foldline.training.heads import Head, LinearHead, MlpHead
from foldline.training.models import (
    Architecture,
    build_model,
    in_present_words,
    load_model,
    read_description,
    save_model,
)
from foldline.training.networks import Model, Models
from tests.training.small import MODEL
from tests.words import SOFTMAX

MODEL_OF_BEFORE = {
    "name": "test_resnet",
    "head": {"kind": "hidden", "units": 5, "drop_rate": 0.5},
    "pooling": {"kind": "own"},
    "hidden_activation": "own",
    "drop_rate": 0.1,
    "drop_path_rate": 0.0,
    "drop_channel_rate": 0.0,
    "side_features": "joined",
}
PLAIN = LinearHead(kind="linear")


def architecture(name: str = "test_resnet", channels: int = 1, head: Head = PLAIN, pixels: int = 32) -> Architecture:
    return of_model(model_section(name=name, head=head.model_dump(), drop_rate=0.1), channels, pixels)


def model_section(**changes: Any) -> Model:
    return parse(MODEL | changes, Models, "model")


def of_model(model: Model, channels: int = 1, pixels: int = 32, activation: Activation = SOFTMAX) -> Architecture:
    return Architecture(
        model=model, channels=channels, height=pixels, width=pixels, outputs=7, activation=activation, tabular=None
    )


@pytest.mark.parametrize(
    "name", ["test_resnet", "test_vit", "test_convnext", "test_efficientnet", "mobilenetv3_small_050", "levit_128s"]
)
@pytest.mark.parametrize("channels", [1, 3])
def test_any_model_any_channels(name: str, channels: int) -> None:
    model = build_model(architecture(name, channels, pixels=96))
    logits = model(torch.zeros(2, channels, 96, 96, dtype=torch.uint8))
    assert logits.shape == (2, 7)
    assert logits.dtype == torch.float32


def test_normalises_by_the_mean_and_deviation_of_its_weights() -> None:
    model = build_model(architecture("mobilenetv3_small_050", channels=3))
    model.backbone, model.head = nn.Flatten(), nn.Identity()
    normalised = model(torch.full((1, 3, 1, 1), 255, dtype=torch.uint8))
    expected = [(1 - mean) / std for mean, std in ((0.485, 0.229), (0.456, 0.224), (0.406, 0.225))]
    assert normalised.flatten().tolist() == pytest.approx(expected)


def test_grey_images_take_the_mean_of_the_three() -> None:
    model = build_model(architecture("mobilenetv3_small_050", channels=1))
    assert model.mean.flatten().tolist() == pytest.approx([255 * (0.485 + 0.456 + 0.406) / 3])
    assert model.std.flatten().tolist() == pytest.approx([255 * (0.229 + 0.224 + 0.225) / 3])


def test_bytes_and_floats_are_the_same_pixels() -> None:
    model = build_model(architecture()).eval()
    images = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    assert torch.equal(model(images), model(images.float()))


def test_hidden_head() -> None:
    head = build_model(architecture(head=MlpHead(kind="mlp", units=5, drop_rate=0.4))).head
    assert isinstance(head, nn.Sequential)
    assert [type(layer) for layer in head] == [nn.Linear, nn.ReLU, nn.Dropout, nn.Linear]
    assert head[0].weight.shape == (5, 96)
    assert head[2].p == 0.4
    assert head[3].weight.shape == (7, 5)


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    model = build_model(architecture(head=MlpHead(kind="mlp", units=5, drop_rate=0.4))).eval()
    save_model(tmp_path / "model.safetensors", model)
    loaded = load_model(tmp_path / "model.safetensors")
    images = torch.randint(0, 256, (3, 1, 32, 32), dtype=torch.uint8)
    assert torch.equal(loaded(images), model(images))
    assert loaded.architecture == model.architecture
    assert not loaded.training


def test_a_model_of_former_words_is_read(tmp_path: Path) -> None:
    """As `python -m pipelines.train` described it before 29 November 2026."""
    model = build_model(architecture(head=MlpHead(kind="mlp", units=5, drop_rate=0.5)))
    former = {
        "model": MODEL_OF_BEFORE,
        "channels": 1,
        "height": 32,
        "width": 32,
        "outputs": 7,
        "activation": "softmax",
        "side": {
            "numbers": [{"column": "side:age", "mean": 1.0, "spread": 2.0, "marks_missing": False}],
            "categories": [],
        },
    }
    described = in_present_words(former)
    (number,) = described["tabular"]["numbers"]
    assert (number["column"], number["std"]) == ("tabular:age", 2.0)
    assert parse(described | {"tabular": None}, Architecture, "x") == model.architecture
    assert in_present_words(former | {"activation": "cumulative"})["activation"] == "cumulative_link"
    columns = {"kind": "column_softmax", "sizes": [3, 4]}
    assert in_present_words(former | {"activation": columns})["activation"] == columns
    assert in_present_words({"kind": "python", "side": "own"}) == {"kind": "python", "side": "own"}


def test_a_tensor_of_several_names_is_saved(tmp_path: Path) -> None:
    """Some models (CoaT) share weights between their layers."""
    model = build_model(architecture("test_resnet", channels=3))
    model.backbone.again = model.backbone.conv1  # type: ignore[assignment]
    save_model(tmp_path / "model.safetensors", model)
    written = load_file(tmp_path / "model.safetensors")
    assert torch.equal(written["backbone.again.0.weight"], written["backbone.conv1.0.weight"])


def test_saved_twice_it_is_the_same_bytes(tmp_path: Path) -> None:
    model = build_model(architecture())
    for name in ("one", "other"):
        save_model(tmp_path / name, model)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_refuses_an_unknown_name_with_close_ones() -> None:
    with pytest.raises(Refusal, match=r"timm knows no model `resnet5O`. Close: .*resnet50"):
        known_model("resnet5O")


def test_refuses_an_unknown_tag_with_the_known() -> None:
    with pytest.raises(Refusal, match=r"`resnet152` has no weights tagged `a1k`. Tags: .*a1h_in1k"):
        known_model("resnet152.a1k")


def test_refuses_a_model_that_takes_no_stochastic_depth() -> None:
    section = model_section(name="vgg11", drop_path_rate=0.1)
    with pytest.raises(Refusal, match=r"train.model.drop_path_rate: `vgg11` does not take.*Set it to 0"):
        build_model(of_model(section, channels=3))


def test_refuses_images_of_a_size_that_the_model_cannot_be_built_for() -> None:
    with pytest.raises(Refusal, match=r"`xcit_nano_12_p16_224` cannot take images of 50 x 50 .* 48 and 48 would"):
        build_model(architecture("xcit_nano_12_p16_224", pixels=50))


def test_refuses_a_file_that_is_not_ours(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="does not exist"):
        read_description(tmp_path / "absent")
    (tmp_path / "other").write_bytes(b"not safetensors")
    with pytest.raises(Refusal, match=r"other is not one of Foldline's files"):
        read_description(tmp_path / "other")
