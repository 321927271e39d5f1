"""The file of starting weights that says: none. Written without torch, whose start would be most of its time."""

import json
from pathlib import Path

from safetensors.numpy import save

from foldline.files.whole_files import whole_file

DESCRIPTION = "foldline"
"""The one key of a model file's metadata: with several, safetensors writes them in a changing order."""


def write_random_start(path: Path, name: str) -> dict[str, str]:
    """No tensors, and a description that the stage `train` reads: it draws the weights of the model `name`."""
    description = {"model": name, "kind": "none"}
    with whole_file(path) as partial:
        partial.write_bytes(save({}, {DESCRIPTION: json.dumps(description)}))
    return description
