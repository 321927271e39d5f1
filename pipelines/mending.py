"""What every script does at its start: mend what a killed one left."""

import os
import sys
from pathlib import Path

from foldline.files.dvc_locks import mend_dvc
from foldline.files.leftovers import remove_leftovers
from foldline.files.parent import OF_DVC


def mend(root: Path = Path()) -> list[str]:
    """In a project's folder: what was done, told on standard error. DVC's own files are as they should be where it has
    come to start a stage. Raises Refusal where a living DVC stands in the way."""
    if not (root / "dvc.yaml").is_file():
        return []
    mended = [] if OF_DVC in os.environ else mend_dvc(root.resolve())
    done = [
        *(f"mended {path}, which a killed DVC had left unreadable or stale" for path in mended),
        *(f"removed {path}, which a killed process had left half-written" for path in remove_leftovers(root)),
    ]
    for line in done:
        print(line, file=sys.stderr)
    return done
