"""Features on disk: what a model's stages make of some rows, made when they are asked for, and kept.

A folder of a model below work/<slug>/features is named by its key, a hash of all that its numbers depend on. It holds
`space.json`, the stages' channels and the key's inputs; and `<part>/<view>/<stage>.npy`, float16 (rows, channels).
Reading needs no torch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float16

from foldline.card.views import IDENTITY
from foldline.files.arrays import open_array
from foldline.files.hashes import is_intact
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import read_json
from foldline.predicting.predicted_rows import RowImages

MAKER = "foldline.predicting.making_features"
"""The module whose code makes them."""
AXES = "rows of the space's part, channels of space.json"


@dataclass(frozen=True)
class Space:
    """One model and all rows that may stand in a figure of its features.

    Directions in the features of two models have nothing to do with each other. What is drawn, fitted or compared takes
    one space, and so cannot mix them.
    """

    name: str
    """Whose: `fold0-seed0`, `pretrained`."""
    command: str
    """What makes its files: `foldline features --fold 0 --seed 0`."""
    folder: Path
    """Named by the key."""
    inputs: Mapping[str, Any]
    """All that the numbers depend on, as JSON."""
    ids: Mapping[str, tuple[str, ...]]
    """Of the rows, by part: `out_of_fold` and `test`, or `train` and `test`."""
    images: Mapping[str, RowImages]
    """Theirs, by part."""

    @property
    def stages(self) -> dict[str, int]:
        """How many channels each stage has, from the images up; nothing before any features are made."""
        path = self.folder / "space.json"
        return read_json(path)["stages"] if path.is_file() and is_intact(path) else {}

    def file(self, part: str, view: str, stage: str) -> Path:
        return self.folder / part / view / f"{stage}.npy"

    def has(self, part: str, view: str, stages: Sequence[str]) -> bool:
        """Whether these stages, or all where none is named, are there as they were written."""
        files = [self.file(part, view, stage) for stage in stages or self.stages]
        return bool(files and self.stages) and all(file.is_file() and is_intact(file) for file in files)

    def vectors(self, part: str, stage: str, view: str = IDENTITY) -> Float16[np.ndarray, "rows channels"]:
        """Memory-mapped, one for each of `ids[part]`. Raises Refusal when they are not made yet, or damaged."""
        self.require_parts([part])
        file = self.file(part, view, stage)
        cure = f"Run `{self.command} --rows {part} --views {view} --stages {stage}`, which makes it anew."
        if not file.is_file() or stage not in self.stages:
            raise Refusal(f"{file} does not exist. {cure}")
        if not is_intact(file):
            raise Refusal(f"{file} is damaged: its bytes are not those that were written. {cure}")
        return open_array(file, (len(self.ids[part]), self.stages[stage]), AXES, dtype=np.float16)

    def require_parts(self, parts: Sequence[str]) -> None:
        """Raises Refusal for rows that are not of the space."""
        others = [part for part in parts if part not in self.ids]
        if others:
            raise Refusal(
                f"{self.name} has features of the rows {listed(self.ids)}, not of {listed(others)}. Rows that a model "
                "has learned from look unlike new ones, and only a fold's model has rows that are out of fold. Choose "
                "among these, or another model (--fold, --pretrained)."
            )
