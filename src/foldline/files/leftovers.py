"""What a killed process leaves half-written: `.NAME.<8 digits>.partial` files and folders, which nobody will finish.

Whoever writes one holds its lock (flock(2)): the kernel releases it when the process ends, however it ends, whatever
its number is and in whatever container it ran.
"""

import fcntl
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PARTIAL = re.compile(r"\..+\.[0-9a-f]{8}\.partial")


@contextmanager
def partial_path(path: Path, is_folder: bool) -> Iterator[Path]:
    """An empty file or folder next to `path`, locked; what of it is not renamed is removed at the end."""
    while True:
        partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
        partial.mkdir() if is_folder else partial.touch()
        try:
            descriptor = os.open(partial, os.O_RDONLY)
        except FileNotFoundError:
            continue  # taken for a leftover, before it was locked
        with suppress(OSError):  # a file system without locks: nobody will take it for a leftover either
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if partial.exists():
            break
        os.close(descriptor)
    try:
        yield partial
    finally:
        _remove(partial)
        os.close(descriptor)


def remove_leftovers(root: Path) -> list[Path]:
    """Those below a project's folder that no living process holds. Folders of a competition's files are not entered:
    they may be large, and nothing of ours is written in them."""
    return [partial for partial in _partials(root) if _is_abandoned(partial)]


def _partials(root: Path) -> Iterator[Path]:
    folders = [root / "input", root / "pipelines" / "competitions", *(root / "input" / ".unpacked").glob("*")]
    for folder in (folder for folder in folders if folder.is_dir()):
        yield from (Path(entry.path) for entry in os.scandir(folder) if PARTIAL.fullmatch(entry.name))
    for top in (root / "work", root / "submissions"):
        for folder, folders_in, files in os.walk(top):
            yield from (Path(folder, name) for name in (*folders_in, *files) if PARTIAL.fullmatch(name))
            folders_in[:] = [name for name in folders_in if not PARTIAL.fullmatch(name)]


def _is_abandoned(partial: Path) -> bool:
    """Whether nobody held it; then it is removed, while nobody can begin to."""
    try:
        descriptor = os.open(partial, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return partial.exists() and _remove(partial)
    except OSError:
        return False
    finally:
        os.close(descriptor)


def _remove(partial: Path) -> bool:
    if partial.is_dir():
        shutil.rmtree(partial, ignore_errors=True)
    else:
        partial.unlink(missing_ok=True)
    return not partial.exists()
