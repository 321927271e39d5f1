"""Section `weights`: where the starting weights of the backbone come from."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.config.section import Section


class NoWeights(Section):
    """Random starting weights, drawn by the stage `train` from its seed."""

    kind: Literal["none"]


class HubWeights(Section):
    """The weights that timm names for `train.model.name` (with its tag), fetched once."""

    kind: Literal["hub"]


class FileWeights(Section):
    """A `.safetensors`, `.pth` or `.bin` file on disk: Kaggle's notebooks have no network."""

    kind: Literal["file"]
    path: str


class FolderWeights(Section):
    """A folder with one such file, as the hub's `snapshot_download` or a Kaggle dataset leaves it."""

    kind: Literal["folder"]
    path: str


Weights = Annotated[NoWeights | HubWeights | FileWeights | FolderWeights, Field(discriminator="kind")]
