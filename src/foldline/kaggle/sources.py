"""What the local Kaggle can serve: built-in competitions by name, or a folder."""

from pathlib import Path

from foldline.files.places import Places
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import locked
from foldline.local_kaggle.digits import write_digits

BUILT_IN = {"digits": write_digits}


def source_folder(source: str, places: Places) -> Path:
    """The folder of `source`; a built-in competition is written first if it is not there yet."""
    if source not in BUILT_IN:
        if (places.root / source).is_dir():
            return places.root / source
        raise Refusal(
            f"The local Kaggle has no competition {source!r}. Built-in: {listed(sorted(BUILT_IN))}; or name a folder "
            "with files/, solution.csv and competition.yaml."
        )
    folder = places.local_kaggle / "built-in" / source
    with locked(folder.with_suffix(".lock")):
        if not folder.exists():
            BUILT_IN[source](folder)
    return folder
