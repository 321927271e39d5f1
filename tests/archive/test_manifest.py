from pathlib import Path

import pytest

from foldline.archive.archives import ArchiveFile, Manifest, read_manifest, write_manifest
from foldline.files.refusal import Refusal


def test_round_trip(tmp_path: Path) -> None:
    manifest = Manifest(competition="digits", files=(ArchiveFile(name="digits.zip", bytes=7, sha256="00"),))
    write_manifest(tmp_path / "manifest.json", manifest)
    assert read_manifest(tmp_path / "manifest.json") == manifest


def test_a_damaged_manifest(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"competition": "digits", "files": [{"name": "a", "bytes": 1}]}')
    with pytest.raises(Refusal, match=r"manifest.json: `files.0.sha256` is missing"):
        read_manifest(tmp_path / "manifest.json")
