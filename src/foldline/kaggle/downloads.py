"""Puts a competition's files into its folder: complete and verified, or not at all."""

import errno
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

from foldline.archive.archives import ArchiveFile, Manifest, write_manifest
from foldline.archive.budgets import refuse_bomb
from foldline.archive.damage import entries_of, refusing_damage
from foldline.archive.finder import is_zip
from foldline.archive.folders import files_below
from foldline.files.progress import progress
from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import sha256, whole_folder
from foldline.kaggle.client import CallFailed, Kaggle

MANIFEST = "manifest.json"
BLOCK_BYTES = 1 << 20
KEPT_NOTHING = "Nothing was kept; run it again, or download the file again."


def download(kaggle: Kaggle, competition: str, folder: Path) -> Manifest:
    """All files of `competition`, through the real client, into `folder`, which is replaced."""
    with whole_folder(folder) as partial:
        announced = kaggle.files(competition)
        if not announced:
            raise Refusal(
                f"{competition}: Kaggle lists no files, so that nobody can tell whether a download is complete. "
                "Nothing was downloaded. Run it again; if it stays so, `foldline download --from "
                "FOLDER_OR_ZIP` takes files fetched with a browser."
            )
        try:
            kaggle.download(competition, partial)
        except CallFailed:
            # The client takes a full disk for a lost connection, and tries again until it is stopped.
            if shutil.disk_usage(partial).free < BLOCK_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from None
            raise
        entries = _checked_entries(partial)
        _compare_sizes(announced, entries, competition)
        return _write_manifest(partial, competition)


def adopt(source: Path, competition: str, folder: Path) -> Manifest:
    """Copies the files that a person already has, a zip or a folder of them, into `folder`, which is replaced."""
    found = [source / name for name in files_below(source)] if source.is_dir() else [source]
    paths = sorted(path for path in found if path.is_file() and path != source / MANIFEST)
    if not paths:
        raise Refusal(f"{source} holds no files. Name the competition's zip, or a folder with what Kaggle serves.")
    if folder.resolve() in (source.resolve(), *source.resolve().parents):
        raise Refusal(f"{source} lies in {folder}, which is replaced. Move the files elsewhere first.")
    above = source if source.is_dir() else source.parent
    with whole_folder(folder) as partial:
        for path in progress(paths, desc="copying", unit="file"):
            copy = partial / path.relative_to(above)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy)
        _checked_entries(partial)
        return _write_manifest(partial, competition)


def _checked_entries(folder: Path) -> dict[str, int]:
    """Sizes by name of all files in `folder` and in its zips. Raises Refusal for a damaged or hostile archive."""
    entries: dict[str, int] = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        if is_zip(path):
            entries |= _read_through(path, name)
        else:
            entries[name] = path.stat().st_size
    return entries


def _read_through(path: Path, name: str) -> dict[str, int]:
    """Read every byte of a zip, which verifies the checksum of each entry."""
    with refusing_damage(name, KEPT_NOTHING), zipfile.ZipFile(path) as archive:
        entries = list(entries_of(archive, name))
        total = sum(entry.file_size for entry in entries)
        with progress(total=total, desc=f"checking {name}", unit="B", unit_scale=True) as bar:
            for entry in entries:
                refuse_bomb(f"{name}: `{entry.filename}`", entry.compress_size, entry.file_size)
                with archive.open(entry) as stream:
                    while block := stream.read(BLOCK_BYTES):
                        bar.update(len(block))
        return {entry.filename: entry.file_size for entry in entries}


def _compare_sizes(announced: Mapping[str, int], entries: dict[str, int], competition: str) -> None:
    for name, announced_bytes in announced.items():
        # Kaggle serves a large csv as csv.zip, whose size it does not announce.
        if f"{name}.zip" in entries:
            continue
        size = entries.get(name)
        if size is None:
            raise Refusal(
                f"{competition}: Kaggle announces `{name}`, the download has no such file; found "
                f"{listed(entries, 3)}. Run it again; if it stays so, `foldline download --from "
                "FOLDER_OR_ZIP` takes files fetched with a browser."
            )
        if size != announced_bytes:
            raise Refusal(
                f"{competition}: Kaggle announces {announced_bytes} bytes for `{name}`, the download has {size}. "
                "Nothing was kept; run it again."
            )


def _write_manifest(folder: Path, competition: str) -> Manifest:
    files = tuple(
        ArchiveFile(name=path.relative_to(folder).as_posix(), bytes=path.stat().st_size, sha256=sha256(path))
        for path in _files(folder)
    )
    manifest = Manifest(competition=competition, files=files)
    write_manifest(folder / MANIFEST, manifest)
    return manifest


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())
