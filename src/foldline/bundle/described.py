"""A model's file that suffices for new pictures: all that turns these into answers stands in its header, as JSON.

The stage's own `model.safetensors` says how the network is built and how its logits become predictions (`Architecture`,
training/models.py). What is added here: the classes' names, how pictures become pixels, the views, what was fitted on
out-of-fold rows, the rule, and the experiment and the card that all of it comes from.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import NonNegativeInt
from safetensors import safe_open

from foldline.card.description import Classes
from foldline.competition.tabular_columns import TabularColumns
from foldline.files.hashes import FIELD, require_intact
from foldline.files.places import FoldName
from foldline.files.reading import reading
from foldline.files.refusal import Refusal
from foldline.files.whole_files import numbers_file
from foldline.metrics.decisions.rules import Rule
from foldline.params.section import Read, Section, TypeForm, parse, section_of
from foldline.pixels.cache import PixelsKey

KEY = "foldline.bundle"
"""Of the header's metadata, next to the architecture's."""


class Described(Section):
    slug: str
    fold: FoldName
    seed: NonNegativeInt
    params: Mapping[str, Any]
    """The experiment: params.yaml as it was."""
    card: Mapping[str, Any]
    classes: Classes
    pixels: PixelsKey
    """Of the cache that the model learned from: size, channels, resizing, range and store are those of new pictures."""
    first_image: NonNegativeInt
    """Where in a batch of a frozen backbone the first test image lay (new_rows.py); 0 for all other models."""
    tabular: TabularColumns
    """The columns of tabular features."""
    ensemble: Mapping[str, Any]
    """The settings of fitted steps, by their names; so are `bounds`."""
    bounds: Mapping[str, Any]
    rule: Rule
    own: Mapping[str, str]
    """Files of one's own: by their names next to the model's file their places in a project."""

    def section(self, key: str, kind: TypeForm[Read]) -> Read:
        """Of params.yaml: `train.seeds`."""
        return section_of(self.params, key, kind, "params.yaml of the bundle")

    def fact(self, key: str, kind: TypeForm[Read]) -> Read:
        """Of the card."""
        return section_of(self.card, key, kind, "the bundle's card")

    @property
    def shared(self) -> dict[str, Any]:
        """What all models of a bundle say alike."""
        return self.model_dump(mode="json", exclude={"fold", "seed"})


def write_described(path: Path, model: Path, described: Described) -> None:
    """A copy of the file `model` with its description. Equal ones make equal bytes."""
    require_intact(model)
    content = model.read_bytes()
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    metadata = {key: text for key, text in header["__metadata__"].items() if key != FIELD}
    header["__metadata__"] = {**metadata, KEY: described.model_dump_json()}
    written = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    with numbers_file(path) as partial, partial.open("wb") as file:
        file.write(len(written).to_bytes(8, "little") + written)
        file.write(memoryview(content)[end:])


def read_described(path: Path) -> Described:
    """Raises Refusal for a file that is missing, damaged, or no model of a bundle."""
    with reading(path, "a model's file"):
        require_intact(path)
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
    if KEY not in metadata:
        raise Refusal(
            f"{path} does not say what it takes to predict new pictures: it is not of a bundle. "
            "`foldline bundle` makes one."
        )
    return parse(json.loads(metadata[KEY]), Described, str(path), cure="Make the bundle again: `foldline bundle`.")
