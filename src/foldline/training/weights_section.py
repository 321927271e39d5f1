"""Section `weights`: where the starting weights of the backbone come from."""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from foldline.params.section import Section


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


class NoWeights(Section):
    """Random starting weights, drawn by the stage `train` from the seed."""

    kind: Literal["none"]


class HubWeights(Section):
    """The weights that timm names for `train.model.name` (with its tag), fetched once."""

    kind: Literal["hub"]
    revision: Annotated[str, Field(min_length=1)]
    """A branch, a tag or a commit of the hub's repository. Only a commit names the same weights for ever."""


class FileWeights(Section):
    """A `.safetensors`, `.pth` or `.bin` file on disk: Kaggle's notebooks have no network."""

    kind: Literal["file"]
    path: OwnPath


class FolderWeights(Section):
    """A folder with one such file, as the hub's `snapshot_download` or a Kaggle dataset leaves it."""

    kind: Literal["folder"]
    path: OwnPath


Weights = Annotated[NoWeights | HubWeights | FileWeights | FolderWeights, Field(discriminator="kind")]
