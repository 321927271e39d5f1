"""Starting weights from a file, a folder, or nowhere; from the hub, the refusal when there is no network."""

import json
import math
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.models import Architecture, build_model, read_description, save_model
from foldline.training.networks import Models
from foldline.training.starting_weights import starting_weights
from foldline.training.weight_files import read_tensors
from foldline.training.weights import FileWeights, FolderWeights, HubWeights, NoWeights, Weights
from tests.training.small import MODEL
from tests.words import SOFTMAX

NAME = "test_resnet"


def architecture(channels: int) -> Architecture:
    model = parse(MODEL | {"name": NAME}, Models, "model")
    return Architecture(
        model=model, channels=channels, height=32, width=32, outputs=2, activation=SOFTMAX, tabular=None
    )


@pytest.fixture(scope="module")
def trained() -> dict[str, Tensor]:
    """The state of a model with its classifier."""
    torch.manual_seed(5)
    return timm.create_model(NAME, num_classes=10).state_dict()


def from_file(path: Path, tmp_path: Path) -> dict[str, Tensor]:
    written = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path=path.name, match="name").write(written, NAME, path.parent)
    return load_file(written)


def from_hub(name: str, revision: str, tmp_path: Path) -> dict[str, Any]:
    hub = HubWeights(kind="hub", revision=revision)
    return hub.write(tmp_path / "weights.safetensors", name, tmp_path)


def test_random_weights_are_no_tensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    assert NoWeights(kind="none").write(path, NAME, path) == {"model": NAME, "kind": "none"}
    assert load_file(path) == {}
    assert starting_weights(path, NAME) is None


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.backbone.", "_orig_mod.net._orig_mod."])
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_file_in_any_wrapping(trained: dict[str, Tensor], prefix: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"found{suffix}"
    wrapped = {prefix + key: tensor for key, tensor in trained.items()}
    save_file(wrapped, file) if suffix == ".safetensors" else torch.save({"state_dict": wrapped, "epoch": 3}, file)
    tensors = from_file(file, tmp_path)
    assert set(tensors) == set(trained) - {"fc.weight", "fc.bias"}
    assert all(torch.equal(tensor, trained[key]) for key, tensor in tensors.items())


def test_model_starts_from_them(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(trained, tmp_path / "found.pth")
    path = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path="found.pth", match="name").write(path, NAME, tmp_path)
    start = starting_weights(path, NAME)
    coloured, grey = (build_model(architecture(channels), start).backbone.state_dict() for channels in (3, 1))
    assert all(torch.equal(tensor, trained[key]) for key, tensor in coloured.items())
    first = "conv1.0.weight"
    assert torch.allclose(grey[first], trained[first].sum(dim=1, keepdim=True))
    assert all(torch.equal(tensor, trained[key]) for key, tensor in grey.items() if key != first)


def test_own_model_file_serves_as_start(tmp_path: Path) -> None:
    model = build_model(architecture(3))
    save_model(tmp_path / "model.safetensors", model)
    tensors = from_file(tmp_path / "model.safetensors", tmp_path)
    assert all(torch.equal(tensor, tensors[key]) for key, tensor in model.backbone.state_dict().items())


def test_source_is_recorded_by_content(trained: dict[str, Tensor], tmp_path: Path) -> None:
    file, path = tmp_path / "found.pth", tmp_path / "weights.safetensors"
    hashes = []
    for change in (0, 1):
        torch.save({key: tensor + change for key, tensor in trained.items()}, file)
        FileWeights(kind="file", path=file.name, match="name").write(path, NAME, tmp_path)
        hashes.append(read_description(path)["sha256"])
    assert hashes[0] != hashes[1]


def test_refuses_another_models_file_and_names_keys(tmp_path: Path) -> None:
    torch.save({"net": timm.create_model("test_vit").state_dict()}, tmp_path / "found.pth")
    expected = (
        r"it has \d of the names of its 90.*conv1.0.weight.*In the file instead: net\.cls_token.*train.model.name"
    )
    with pytest.raises(Refusal, match=expected):
        from_file(tmp_path / "found.pth", tmp_path)
    assert not (tmp_path / "weights.safetensors").exists()


def test_refuses_one_missing_tensor(trained: dict[str, Tensor], tmp_path: Path) -> None:
    held = {f"model.{key}": tensor for key, tensor in trained.items() if key != "bn1.weight"}
    torch.save(held, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"Not found: bn1.weight\. In the file instead: model.fc.weight, model.fc.bias\."):
        from_file(tmp_path / "found.pth", tmp_path)


def test_refuses_a_damaged_file(tmp_path: Path) -> None:
    for name in ("found.pth", "found.safetensors"):
        (tmp_path / name).write_bytes(b"no weights")
        with pytest.raises(Refusal, match=f"{name} is not a readable file of weights"):
            from_file(tmp_path / name, tmp_path)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
)
def test_a_full_memory_is_no_damage_of_a_file(
    error: Exception, trained: dict[str, Tensor], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(trained, tmp_path / "found.pth")

    def full(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(torch, "load", full)
    with pytest.raises(Refusal, match=r"found\.pth takes more memory than is free"):
        from_file(tmp_path / "found.pth", tmp_path)


@pytest.mark.parametrize("keys", ["net", "model_state_dict", "state_dict.ema.module", "generator.params_ema"])
def test_below_any_keys(trained: dict[str, Tensor], keys: str, tmp_path: Path) -> None:
    found: Any = trained
    for key in reversed(keys.split(".")):
        found = {"epoch": 3, key: found, "optimizer": {"state": {0: {"exp_avg": torch.zeros(2)}}}}
    torch.save(found, tmp_path / "found.pth.tar")
    tensors = from_file(tmp_path / "found.pth.tar", tmp_path)
    assert len(tensors) == 90
    assert all(torch.equal(tensor, trained[key]) for key, tensor in tensors.items())


def test_averaged_weights_come_before_others(trained: dict[str, Tensor], tmp_path: Path) -> None:
    averaged = {key: tensor + 1 for key, tensor in trained.items()}
    torch.save({"model": trained, "model_ema": averaged}, tmp_path / "found.ckpt")
    assert torch.equal(from_file(tmp_path / "found.ckpt", tmp_path)["bn1.weight"], averaged["bn1.weight"])


def test_refuses_two_sets_of_weights_unless_they_are_equal(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"student": trained, "teacher": trained}, tmp_path / "found.pth")
    assert len(from_file(tmp_path / "found.pth", tmp_path)) == 90
    other = {key: tensor + 1 for key, tensor in trained.items()}
    torch.save({"student": trained, "teacher": other}, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"more than one set.*`student.conv1.0.weight`.*`teacher.conv1.0.weight`"):
        from_file(tmp_path / "found.pth", tmp_path)


class Runs:
    """A pickle that would write a file."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> Any:
        return Path.touch, (self.file,)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ([torch.zeros(2)], "it holds a list"),
        (torch.zeros(2), "it holds a single tensor"),
        ({0: torch.zeros(2)}, "a dictionary with the keys 0"),
        ({}, "an empty dictionary"),
        (None, "it holds a NoneType"),
        ({"epoch": 3}, "the keys 'epoch'"),
    ],
)
def test_refuses_what_are_no_tensors_by_name(found: Any, words: str, tmp_path: Path) -> None:
    torch.save(found, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=f"found.pth is not a readable file of weights: .*{words}"):
        from_file(tmp_path / "found.pth", tmp_path)


def test_refuses_a_file_that_would_run_code(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"state_dict": trained, "callback": Runs(tmp_path / "ran")}, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"holds more than tensors, .*would run code.*getattr") as refusal:
        from_file(tmp_path / "found.pth", tmp_path)
    assert not (tmp_path / "ran").exists()
    assert "\n" not in str(refusal.value)


def test_reads_what_keeps_its_arguments(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"state_dict": trained, "args": Namespace(lr=0.1)}, tmp_path / "found.pth")
    assert len(from_file(tmp_path / "found.pth", tmp_path)) == 90


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("key", ["bn1.running_mean", "bn1.running_var", "bn1.weight"])
def test_refuses_numbers_that_are_not_finite(
    trained: dict[str, Tensor], key: str, value: float, tmp_path: Path
) -> None:
    torch.save(trained | {key: torch.full_like(trained[key], value)}, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=rf"found.pth: \d+ of \d+ numbers of `{key}` are not finite"):
        from_file(tmp_path / "found.pth", tmp_path)


def test_refuses_a_variance_below_zero(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(trained | {"bn1.running_var": -trained["bn1.running_var"]}, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"`bn1.running_var` are not finite, or a variance below zero"):
        from_file(tmp_path / "found.pth", tmp_path)


FIRST = "conv1.0.weight"


@pytest.mark.parametrize("theirs", [1, 2, 3, 4])
@pytest.mark.parametrize("ours", [1, 3, 4])
def test_channels_of_the_file_and_of_the_images(theirs: int, ours: int, tmp_path: Path) -> None:
    """The same images in all channels are seen the same, and a file of the images' own channels is not touched."""
    state = timm.create_model(NAME, in_chans=theirs).state_dict()
    torch.save(state, tmp_path / "found.pth")
    path = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path="found.pth", match="name").write(path, NAME, tmp_path)
    first = build_model(architecture(ours), starting_weights(path, NAME)).backbone.state_dict()[FIRST]
    assert first.shape[1] == ours
    if theirs == ours:
        assert torch.equal(first, state[FIRST])
    elif theirs == 1:
        assert torch.allclose(first.sum(dim=1), state[FIRST].sum(dim=1), atol=1e-6)
    elif ours == 1:
        assert torch.allclose(first, state[FIRST].sum(dim=1, keepdim=True))


def vit(size: int) -> Architecture:
    model = parse(MODEL | {"name": "test_vit"}, Models, "model")
    return Architecture(model=model, channels=3, height=size, width=size, outputs=2, activation=SOFTMAX, tabular=None)


def test_position_embeddings_of_another_size_are_resampled(tmp_path: Path) -> None:
    state = timm.create_model("test_vit", img_size=96).state_dict()
    torch.save(state, tmp_path / "found.pth")
    path = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path="found.pth", match="name").write(path, "test_vit", tmp_path)
    same, other = (
        build_model(vit(size), starting_weights(path, "test_vit")).backbone.state_dict() for size in (96, 64)
    )
    assert torch.equal(same["pos_embed"], state["pos_embed"])
    assert other["pos_embed"].shape[1] < same["pos_embed"].shape[1]
    assert all(torch.equal(other[key], same[key]) for key in same if key != "pos_embed")


def test_refuses_what_fits_by_name_and_not_by_shape(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save(trained | {"bn1.weight": torch.ones(7)}, tmp_path / "found.pth")
    path = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path="found.pth", match="name").write(path, NAME, tmp_path)
    with pytest.raises(Refusal, match=r"as this experiment builds it: size mismatch for bn1.weight.*train.model.name"):
        build_model(architecture(3), path)


def renamed(trained: dict[str, Tensor]) -> dict[str, Tensor]:
    """Another library's names of the same model."""
    names = {name.rpartition(".")[0]: f"_layer{at}" for at, name in enumerate(trained)}
    ends = ((name.rpartition(".")[0], name.rpartition(".")[2], tensor) for name, tensor in trained.items())
    return {f"{names[layer]}.{end}": tensor for layer, end, tensor in ends}


def test_other_names_in_the_same_order(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({"net": renamed(trained)}, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"`weights.match: order` takes them so \(net._layer0.weight as conv1.0.weight, "):
        from_file(tmp_path / "found.pth", tmp_path)
    path = tmp_path / "weights.safetensors"
    source = FileWeights(kind="file", path="found.pth", match="order").write(path, NAME, tmp_path)
    assert source["mapping"]["conv1.0.weight"] == "net._layer0.weight"
    backbone = build_model(architecture(3), starting_weights(path, NAME)).backbone.state_dict()
    assert all(torch.equal(tensor, trained[key]) for key, tensor in backbone.items())


def test_refuses_another_order(trained: dict[str, Tensor], tmp_path: Path) -> None:
    """Weight and bias of a BatchNorm have one shape: their names' ends tell them apart."""
    torch.save(dict(sorted(renamed(trained).items())), tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"\(weights.match: order\): instead of `.*` \(.*\) there is `_layer"):
        FileWeights(kind="file", path="found.pth", match="order").write(tmp_path / "written", NAME, tmp_path)


def hub_folder(folder: Path, **config: Any) -> FolderWeights:
    save_file(timm.create_model(NAME).state_dict(), folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(config))
    return FolderWeights(kind="folder", path=".", match="name")


def test_a_hub_folders_config_says_how_images_are_normalised(tmp_path: Path) -> None:
    colours = {"mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6]}
    folder = hub_folder(tmp_path, architecture=NAME, num_features=512, pretrained_cfg=colours)
    path = tmp_path / "weights" / "weights.safetensors"
    with pytest.raises(Refusal, match="of the model `test_resnet` with 512 features"):
        folder.write(path, NAME, tmp_path)
    folder = hub_folder(tmp_path, architecture=NAME, num_features=96, pretrained_cfg=colours)
    folder.write(path, NAME, tmp_path)
    model = build_model(architecture(3), starting_weights(path, NAME))
    assert torch.allclose(model.mean.flatten() / 255, torch.tensor(colours["mean"]))
    assert torch.allclose(model.std.flatten() / 255, torch.tensor(colours["std"]))


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"architecture": "resnet18"}, "of the model `resnet18`"),
        ({"mean": [0.1, math.nan, 0.3]}, "`mean` is"),
        ({"std": [0.0, 1.0, 1.0]}, "`std` is"),
        ({"std": "grey"}, "`std` is 'grey'"),
    ],
)
def test_refuses_a_config_that_contradicts(config: dict[str, Any], words: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=rf"config.json.*{words}"):
        hub_folder(tmp_path, **config).write(tmp_path / "written", NAME, tmp_path)


def test_refuses_a_config_that_is_no_json(tmp_path: Path) -> None:
    folder = hub_folder(tmp_path)
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(Refusal, match=r"config.json is not valid JSON .*remove it: then the mean and std hold"):
        folder.write(tmp_path / "written", NAME, tmp_path)


def test_folder_with_one_file(tmp_path: Path) -> None:
    folder = FolderWeights(kind="folder", path=".", match="name")
    (tmp_path / "config.json").touch()
    with pytest.raises(Refusal, match=r"must hold one weights file .* found none"):
        folder.file(tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    assert folder.file(tmp_path).name == "pytorch_model.bin"
    (tmp_path / "other.pth").touch()
    with pytest.raises(Refusal, match=r"found other.pth, pytorch_model.bin"):
        folder.file(tmp_path)


def test_of_the_hubs_two_forms_the_safe_one(tmp_path: Path) -> None:
    for name in ("optimizer.pt", "pytorch_model.bin", "model.safetensors"):
        (tmp_path / name).touch()
    assert FolderWeights(kind="folder", path=".", match="name").file(tmp_path).name == "model.safetensors"


def test_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="there is no file"):
        FileWeights(kind="file", path="absent", match="name").file(tmp_path)
    with pytest.raises(Refusal, match="there is no folder"):
        FolderWeights(kind="folder", path="absent", match="name").file(tmp_path)


def test_refuses_weights_of_another_model(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    NoWeights(kind="none").write(path, NAME, path)
    with pytest.raises(Refusal, match=r"holds weights of `test_resnet`, train.model.name is `resnet18`"):
        starting_weights(path, "resnet18")


def test_hub_offline_names_the_ways_without_network(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"weights of `resnet10t.c3_in1k` cannot be had.*kind: file") as refusal:
        from_hub("resnet10t.c3_in1k", "main", tmp_path)
    assert "\n" not in str(refusal.value)


def test_hub_without_weights_for_the_model(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"no pretrained weights of `cs3darknet_s`. Set weights to"):
        from_hub("cs3darknet_s", "main", tmp_path)


def test_hub_is_asked_for_the_revision_and_it_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def answer(repository: str, **_: Any) -> dict[str, Tensor]:
        asked.append(repository)
        return timm.create_model("resnet10t", num_classes=1000).state_dict()

    monkeypatch.setattr("timm.models._builder.load_state_dict_from_hf", answer)
    source = from_hub("resnet10t.c3_in1k", "v1.2", tmp_path)
    assert asked == ["timm/resnet10t.c3_in1k@v1.2"]
    assert source["revision"] == "v1.2"
    assert read_description(tmp_path / "weights.safetensors") == source


def test_refuses_a_revision_of_what_has_none(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"revision is `v2`, but timm has the weights of `gcvit_tiny` from no repository"):
        from_hub("gcvit_tiny", "v2", tmp_path)


@pytest.mark.parametrize("path", ["/home/me/model.pth", "../model.pth", "deep/../../model.pth"])
def test_refuses_a_path_that_dvc_does_not_watch(path: str) -> None:
    with pytest.raises(Refusal, match=r"weights: `path` is .*Put or link it into input/weights"):
        parse({"kind": "file", "path": path}, Weights, "weights")


def read_damaged(content: bytes, file: Path) -> bool:
    """Whether it is refused; whatever else is raised ends the test."""
    file.write_bytes(content)
    try:
        read_tensors(file)
    except Refusal as refusal:
        assert "\n" not in str(refusal)
        return True
    return False


@pytest.mark.faults
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_refused_and_never_end_in_a_traceback(
    suffix: str, tmp_path: Path, outcome: Callable[..., None]
) -> None:
    small = {f"layer{number}.weight": torch.ones(number) for number in range(1, 8)}
    file = tmp_path / f"found{suffix}"
    save_file(small, file) if suffix == ".safetensors" else torch.save({"state_dict": small, "epoch": 3}, file)
    content = file.read_bytes()
    for length in range(0, len(content), 3):
        assert read_damaged(content[:length], file)
        outcome("a file of weights is cut short", "refused")
    generator = np.random.default_rng(0)
    for _ in range(3000):
        damaged = bytearray(content)
        damaged[generator.integers(len(content))] ^= 1 << generator.integers(8)
        if read_damaged(bytes(damaged), file):
            outcome("a bit of a file of weights flips where it says what it holds", "refused")
