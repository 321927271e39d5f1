"""The files of a folder that a person names."""

import os
from pathlib import Path
from typing import NoReturn

from foldline.archive.junk import is_junk
from foldline.files.refusal import Refusal, counted, listed


def files_below(folder: Path) -> list[str]:
    """Their paths within the folder, in order. Links are followed, but not back to a folder that they lie in.

    Raises Refusal for what would be left out: links to what is not there, and names that are no text in UTF-8, as of a
    zip of another country, which no table could hold. Raises OSError for a folder that may not be read.
    """
    names: list[str] = []
    for above, folders, found in os.walk(folder, followlinks=True, onerror=_raise):
        here, inside = Path(above).resolve(), Path(above).relative_to(folder)
        own = [name for name in folders if not is_junk(f"{(inside / name).as_posix()}/")]
        folders[:] = [name for name in own if not here.is_relative_to(Path(above, name).resolve())]
        names += [path for name in found if not is_junk(path := (inside / name).as_posix())]
    names.sort()
    others = [os.fsencode(name).decode(errors="backslashreplace") for name in names if not _is_text(name)]
    if others:
        files = counted(len(others), "file has a name", "files have names")
        raise Refusal(
            f"{folder}: {files} that cannot be read as UTF-8: {listed(others)}. Rename them, or leave them out."
        )
    ordinary = [name for name in names if (folder / name).is_file()]
    for name in sorted({*names} - {*ordinary}):
        if not (folder / name).exists():
            raise Refusal(f"{folder / name} is a link to what is not there. Correct or remove it, and run it again.")
    return ordinary


def _raise(error: OSError) -> NoReturn:
    raise error


def _is_text(name: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in name)
