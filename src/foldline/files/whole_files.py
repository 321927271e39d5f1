"""Atomic writes, hashes and locks."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock

from foldline.files.hashes import require_intact, seal, with_field, without_field
from foldline.files.leftovers import partial_path
from foldline.files.reading import reading

FULL_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path next to `path`; rename it into place if the block succeeds, remove it if not.

    DVC's outs are read-only links into its cache: a new file replaces the link, and the cache is not touched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(path), partial_path(path, is_folder=False) as partial:
        yield partial
        with partial.open("rb+") as written:
            os.fsync(written.fileno())
        partial.replace(path)


@contextmanager
def numbers_file(path: Path) -> Iterator[Path]:
    """As `whole_file`, for what is computed with: the finished file carries its hash (hashes.py)."""
    with whole_file(path) as partial:
        yield partial
        seal(partial, path.suffix)


@contextmanager
def naming_a_full_disk(path: Path) -> Iterator[None]:
    """The system's error for a full disk names no file: add `path`."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL_DISK:
            error.filename = error.filename or str(path)
        raise


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder next to `path` that replaces it if the block succeeds. Of a link, too, the link
    alone is replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming_a_full_disk(path), partial_path(path, is_folder=True) as partial:
        yield partial
        if path.is_symlink():
            path.unlink()
        elif path.exists():
            shutil.rmtree(path)
        partial.rename(path)


@contextmanager
def numbers_folder(path: Path) -> Iterator[Path]:
    """As `whole_folder`; each array and table in it will carry its hash."""
    with whole_folder(path) as partial:
        yield partial
        for file in sorted(partial.iterdir()):
            if file.suffix in (".npy", ".parquet"):
                with naming_a_full_disk(path / file.name):
                    seal(file, file.suffix)


def append(path: Path, content: bytes) -> None:
    """On disk when this returns, and so is the name of a new file."""
    with path.open("ab") as file:
        file.write(content)
    for written in (path, path.parent):
        descriptor = os.open(written, os.O_RDONLY)
        os.fsync(descriptor)
        os.close(descriptor)


def write_text(path: Path, text: str) -> None:
    with whole_file(path) as partial:
        partial.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any, hashed: bool = True) -> None:
    """An object, with its hash as one more field unless another program than ours reads the file."""
    hashed = hashed and isinstance(value, dict)
    with (numbers_file if hashed else whole_file)(path) as partial:
        content = with_field(value) if hashed else value
        text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
        partial.write_text(text + "\n", encoding="utf-8")


def read_json(path: Path) -> Any:
    """What `write_json` was given. Raises Refusal when the file is missing, damaged, or not JSON."""
    with reading(path, "valid JSON"):
        require_intact(path)
        return without_field(json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant))


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of_json(value: Any) -> str:
    """The same for equal values, whatever the order of their keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file `path`; the kernel releases it when the process dies, however it dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path):
        yield
