"""What a pretext always leaves, so that trainings depend on the same files: a marker where nothing is learned."""

from pathlib import Path

from foldline.files.whole_files import read_json, whole_folder, write_json

CHOICE = "choice.json"
WEIGHTS = "weights.safetensors"


def write_marker(folder: Path) -> None:
    """Nothing was learned here."""
    with whole_folder(folder) as made:
        write_json(made / CHOICE, {"weights": None})


def chosen_weights(folder: Path) -> Path | None:
    """Those that the choice in the folder hands on, if any. Raises Refusal where there is none."""
    return None if read_json(folder / CHOICE)["weights"] is None else folder / WEIGHTS
