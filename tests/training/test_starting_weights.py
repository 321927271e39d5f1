"""Starting weights from a file, a folder, or nowhere; from the hub, the refusal when there is no network."""

from pathlib import Path
from typing import Any

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
from foldline.training.weights import FileWeights, FolderWeights, HubWeights, NoWeights, Weights
from tests.training.small import MODEL

NAME = "test_resnet"


def architecture(channels: int) -> Architecture:
    model = parse(MODEL | {"name": NAME}, Models, "model")
    return Architecture(
        model=model, channels=channels, height=32, width=32, outputs=2, activation="softmax", tabular=None
    )


@pytest.fixture(scope="module")
def trained() -> dict[str, Tensor]:
    """The state of a model with its classifier."""
    torch.manual_seed(5)
    return timm.create_model(NAME, num_classes=10).state_dict()


def from_file(path: Path, tmp_path: Path) -> dict[str, Tensor]:
    written = tmp_path / "weights.safetensors"
    FileWeights(kind="file", path=path.name).write(written, NAME, path.parent)
    return load_file(written)


def from_hub(name: str, revision: str, tmp_path: Path) -> dict[str, Any]:
    hub = HubWeights(kind="hub", revision=revision)
    return hub.write(tmp_path / "weights.safetensors", name, tmp_path)


def test_random_weights_are_no_tensors(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    assert NoWeights(kind="none").write(path, NAME, path) == {"model": NAME, "kind": "none"}
    assert load_file(path) == {}
    assert starting_weights(path, NAME) is None


@pytest.mark.parametrize("prefix", ["", "module.", "backbone.", "module.backbone."])
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
    FileWeights(kind="file", path="found.pth").write(path, NAME, tmp_path)
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
        FileWeights(kind="file", path=file.name).write(path, NAME, tmp_path)
        hashes.append(read_description(path)["sha256"])
    assert hashes[0] != hashes[1]


def test_refuses_another_models_file_and_names_keys(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({f"strange.{key}": tensor for key, tensor in trained.items()}, tmp_path / "found.pth")
    with pytest.raises(
        Refusal, match=r"0 of its 90 tensors match.*conv1.0.weight.*In the file instead: strange\.conv1"
    ):
        from_file(tmp_path / "found.pth", tmp_path)
    assert not (tmp_path / "weights.safetensors").exists()


def test_refuses_one_missing_tensor(trained: dict[str, Tensor], tmp_path: Path) -> None:
    torch.save({key: tensor for key, tensor in trained.items() if key != "bn1.weight"}, tmp_path / "found.pth")
    with pytest.raises(Refusal, match=r"of another shape: bn1.weight\."):
        from_file(tmp_path / "found.pth", tmp_path)


def test_refuses_a_damaged_file(tmp_path: Path) -> None:
    for name in ("found.pth", "found.safetensors"):
        (tmp_path / name).write_bytes(b"no weights")
        with pytest.raises(Refusal, match=f"{name} is not a readable file of weights"):
            from_file(tmp_path / name, tmp_path)


def test_folder_with_one_file(tmp_path: Path) -> None:
    folder = FolderWeights(kind="folder", path=".")
    (tmp_path / "config.json").touch()
    with pytest.raises(Refusal, match=r"must hold one weights file .* found none"):
        folder.file(tmp_path)
    (tmp_path / "pytorch_model.bin").touch()
    assert folder.file(tmp_path).name == "pytorch_model.bin"
    (tmp_path / "other.pth").touch()
    with pytest.raises(Refusal, match=r"found other.pth, pytorch_model.bin"):
        folder.file(tmp_path)


def test_of_the_hubs_two_forms_the_safe_one(tmp_path: Path) -> None:
    for name in ("model.bin", "model.safetensors"):
        (tmp_path / name).touch()
    assert FolderWeights(kind="folder", path=".").file(tmp_path).name == "model.safetensors"


def test_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="there is no file"):
        FileWeights(kind="file", path="absent").file(tmp_path)
    with pytest.raises(Refusal, match="there is no folder"):
        FolderWeights(kind="folder", path="absent").file(tmp_path)


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
    with pytest.raises(Refusal, match=r"No pretrained weights exist"):
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
    with pytest.raises(
        Refusal, match=r"revision is `v2`, but timm has the weights of `cs3darknet_s` from no repository"
    ):
        from_hub("cs3darknet_s", "v2", tmp_path)


@pytest.mark.parametrize("path", ["/home/me/model.pth", "../model.pth", "deep/../../model.pth"])
def test_refuses_a_path_that_dvc_does_not_watch(path: str) -> None:
    with pytest.raises(Refusal, match=r"weights: `path` is .*Put or link it into input/weights"):
        parse({"kind": "file", "path": path}, Weights, "weights")
