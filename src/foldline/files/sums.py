"""SHA256SUMS: the hashes of a folder's files, in the form of sha256sum(1)."""

from pathlib import Path

from foldline.files.reading import reading
from foldline.files.whole_files import sha256, write_text

SUMS = "SHA256SUMS"


def write_sums(folder: Path) -> dict[str, str]:
    """Of all files that are in the folder by now: their hashes by their names."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    sums = {name: sha256(folder / name) for name in names if name != SUMS}
    write_text(folder / SUMS, "".join(f"{digest}  {name}\n" for name, digest in sums.items()))
    return sums


def read_sums(folder: Path) -> dict[str, str]:
    """The hashes by the files' names. Raises Refusal where the list of them is missing or damaged."""
    path = folder / SUMS
    with reading(path, "a list of hashes and files", f"Make, or fetch, all of {folder} again."):
        lines = path.read_text(encoding="utf-8").splitlines()
        return {name: digest for digest, name in (line.split("  ", 1) for line in lines)}


def changed(folder: Path, sums: dict[str, str]) -> list[str]:
    """What is missing, or not as it was written."""
    return [name for name, digest in sums.items() if not _is(folder / name, digest)]


def _is(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest
