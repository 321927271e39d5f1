"""Section `weights`: where the starting weights of the backbone come from."""

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import numbers_file, sha256
from foldline.params.kinds import union_of
from foldline.training.train_part import Kind, Tensor

DESCRIPTION = "foldline"
"""The one key of a model file's metadata: with several, safetensors writes them in a changing order."""
SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".tar", ".th")
SAFE_FORM = "model.safetensors"
"""The hub's name for it; next to it lie the same weights as a pickle, and what an optimiser knew."""
How = Literal["name", "order"]
Found = tuple[dict[str, Tensor], dict[str, Any]]
"""Tensors by the backbone's names, and where they come from."""


def _inside(path: str) -> str:
    """DVC watches the folder input/weights and no other: a change elsewhere would go unnoticed."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        raise ValueError(
            "it leaves the folder input/weights, where alone a changed file is noticed. Put or link it into "
            "input/weights, and name it relative to that folder"
        )
    return path


OwnPath = Annotated[str, AfterValidator(_inside)]
"""Below the folder input/weights, on which the stage `weights` depends."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor], description: str) -> None:
    """One safetensors file, whose `description` `read_description` (models.py) reads; equal ones have equal bytes."""
    import torch
    from safetensors.torch import save

    # Copies, since some models (CoaT) have one tensor under several names, which safetensors refuses.
    contiguous = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in tensors.items()}
    with numbers_file(path) as partial:
        # `save_file` hides a full disk behind an error of its own; Python's write names it.
        partial.write_bytes(save(contiguous, {DESCRIPTION: description}))


class StartingWeights(Kind):
    def write(self, path: Path, name: str, own: Path) -> dict[str, Any]:
        """Write to `path` the tensors that timm's model `name` without its classifier starts from, and return their
        source.

        `own`: the folder of the person's own weights. Raises Refusal when the weights cannot be had, or do not fit.
        """
        tensors, source = self.find(name, own)
        description = {"model": name, "kind": self.kind, **source}
        write_tensors(path, tensors, json.dumps(description))
        return description

    def find(self, name: str, own: Path) -> Found:
        raise NotImplementedError


class NoWeights(StartingWeights):
    """Random starting weights, drawn by the stage `train` from the seed."""

    kind: Literal["none"]

    def find(self, name: str, own: Path) -> Found:
        return {}, {}


class HubWeights(StartingWeights):
    """The weights that timm names for `train.model.name` (with its tag), fetched once."""

    kind: Literal["hub"]
    revision: Annotated[str, Field(min_length=1)]
    """A branch, a tag or a commit of the hub's repository. Only a commit names the same weights forever."""

    def find(self, name: str, own: Path) -> Found:
        from foldline.training.starting_weights import from_hub

        return from_hub(name, self.revision)


class _OwnWeights(StartingWeights):
    path: OwnPath
    match: How
    """By which the file's tensors are the model's: by name, whatever the names begin with, or (another library's names
    for the same model) by their order, in which the shapes must agree."""

    def find(self, name: str, own: Path) -> Found:
        from foldline.training.starting_weights import from_file

        file = self.file(own)
        tensors, told = from_file(file, name, self.match)
        return tensors, {"file": file.name, "sha256": sha256(file), **told}

    def file(self, own: Path) -> Path:
        """The file below the folder `own` that the section names. Raises Refusal when it is not there."""
        raise NotImplementedError


class FileWeights(_OwnWeights):
    """A file of weights on disk (`.safetensors`, or what torch.save wrote): Kaggle's notebooks have no network. A
    config.json next to it, as the hub has it, must be of the same model, and says how images were normalised."""

    kind: Literal["file"]

    def file(self, own: Path) -> Path:
        path = own / self.path
        if not path.is_file():
            raise Refusal(f"weights.path: there is no file {path}. Correct the path, or use another `weights.kind`.")
        return path


class FolderWeights(_OwnWeights):
    """A folder with one such file, as the hub's `snapshot_download` or a Kaggle dataset leaves it. Of two forms of the
    same weights safetensors is taken."""

    kind: Literal["folder"]

    def file(self, own: Path) -> Path:
        path = own / self.path
        if not path.is_dir():
            raise Refusal(f"weights.path: there is no folder {path}. Correct the path, or use another `weights.kind`.")
        found = sorted(file for file in path.iterdir() if file.suffix in SUFFIXES)
        safe = [file for file in found if file.suffix == ".safetensors"]
        found = [file for file in safe if file.name == SAFE_FORM] or (
            safe if len(safe) == 1 == len(found) - 1 else found
        )
        if len(found) != 1:
            names = listed(file.name for file in found)
            raise Refusal(
                f"weights.path: {path} must hold one weights file ({listed(SUFFIXES)}), found {names}. "
                "Name the one to use: `weights: {kind: file, path: ..., match: name}`."
            )
        return found[0]


Weights = Annotated[StartingWeights, union_of("foldline.training.weights", StartingWeights)]
