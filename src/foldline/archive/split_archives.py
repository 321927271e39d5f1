"""Archives that are split into parts of equal size: train.zip.001, train.zip.002."""

import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from foldline.archive.unpacking import BLOCK_BYTES, refuse_without_room

PART = re.compile(r"(?P<whole>.+)\.\d{3}")
FIRST = ".001"


def whole_of(name: str) -> str | None:
    """The name of the archive that the download `name` is a part of; None where it is none."""
    part = PART.fullmatch(name)
    return part and part["whole"]


def parts_of(whole: str, files: Sequence[str]) -> list[str]:
    return [name for name in sorted(files) if whole_of(name) == whole]


def join_parts(parts: Sequence[Path], whole: Path, where: str) -> None:
    """Write the parts one after the other. Raises Refusal, naming `where`, when the disk has no room for them."""
    refuse_without_room(whole.parent, sum(part.stat().st_size for part in parts), where)
    with whole.open("wb") as file:
        for path in parts:
            with path.open("rb") as part:
                shutil.copyfileobj(part, file, BLOCK_BYTES)
