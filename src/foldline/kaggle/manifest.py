"""`input/<slug>/manifest.json`: the downloaded files with their sizes and hashes."""

from pathlib import Path

from foldline.files.whole_files import read_json, write_json
from foldline.params.section import Section, parse


class ArchiveFile(Section):
    name: str
    """Relative to the manifest's folder."""
    bytes: int
    sha256: str


class Manifest(Section):
    competition: str
    files: tuple[ArchiveFile, ...]


def read_manifest(path: Path) -> Manifest:
    return parse(read_json(path), Manifest, str(path))


def write_manifest(path: Path, manifest: Manifest) -> None:
    write_json(path, manifest.model_dump())
