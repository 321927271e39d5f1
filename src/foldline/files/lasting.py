"""Where lies what outlives an experiment that DVC runs in a copy of the project."""

import os
from collections.abc import Mapping
from pathlib import Path

from foldline.files.places import Places


def repository(shell: Mapping[str, str], folder: Path) -> Path:
    """Whose experiment runs in `folder`: that of a queue, or of `dvc exp run --temp`, runs in a copy that DVC removes.

    `folder` itself where there is no other.
    """
    for above in folder.resolve().parents:
        if above.parts[-3:] == (".dvc", "tmp", "exps"):
            return above.parents[2]
    # DVC names the repository to what an experiment runs, wherever that is.
    named = shell.get("DVC_ROOT", "")
    is_experiment = "DVC_EXP_NAME" in shell and (folder / ".dvc").is_dir() and (Path(named) / ".dvc").is_dir()
    return Path(named) if is_experiment and not folder.resolve().samefile(named) else folder


def lasting_places(slug: str) -> Places:
    """Of what outlives an experiment: the ledger, the saved runs, the local Kaggle's memory."""
    return Places(slug, repository(os.environ, Path()))
