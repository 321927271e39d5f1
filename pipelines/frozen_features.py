"""Where the features of frozen backbones lie, and what makes features other ones."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from foldline.files.places import Places
from foldline.files.whole_files import sha256_of_json
from foldline.params.code_digests import own_graph, script_digests
from foldline.pixels.cache import read_pixels_key

MAKER = "foldline.training.frozen"


def frozen_folder(places: Places) -> Path:
    """Of what backbones that no epoch trains make of the pixels as they are now, by the code as it is now."""
    inputs = {"pixels": read_pixels_key(places.pixels).model_dump(mode="json"), **made_by(MAKER)}
    return places.features / "frozen" / sha256_of_json(inputs)[:16]


def made_by(module: str) -> dict[str, Any]:
    """The code of this module and all that it imports, and the libraries that run models."""
    libraries = {library: version(library) for library in ("torch", "timm")}
    return {"code": script_digests({module: ()}, own_graph())[module], "libraries": libraries}
