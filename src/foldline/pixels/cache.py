"""The pixel cache: every image decoded once, one memory-mapped file per key, rebuilt by whoever finds it absent.

A folder of caches holds `<key>.npy` (the pixels) or `<key>.jpegs`, `<key>.<request>.parquet` (what was found while
decoding, by a hash of what was asked for) and, while building, the same by `<request>`, with its `.journal`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.archive.members import existing
from foldline.files.refusal import Refusal
from foldline.files.whole_files import locked, sha256_of_json, whole_file
from foldline.pixels.building import build_file
from foldline.pixels.decoding import VERSION
from foldline.pixels.pixels_file import PixelsKey
from foldline.pixels.resizing import PixelForm
from foldline.pixels.stores import CachedPixels, JpegPixels, suffix_of

KEPT_CACHES = 3
"""The caches used last that a build leaves: going back to an earlier size need not decode again."""

STORED = (".npy", ".jpegs")
KEY_LENGTH = 64
"""Of a finished cache's name; a request's is half as long."""


@dataclass(frozen=True)
class BuiltCache:
    key: PixelsKey
    decoded: pd.DataFrame
    """One line per distinct path: path, position (in the cache), height, width (pixels, before resizing), exact_hash,
    perceptual_hash (int64), error (missing for good images; others hold a mid-grey picture at their position)."""


def build(
    archives_folder: Path,
    files: Sequence[str],
    paths: Sequence[str],
    form: PixelForm,
    caches: Path,
    processes: int | None = None,
) -> BuiltCache:
    """Decode each distinct path of `paths` once, in the order of first appearance, into a cache below `caches`.

    files: the archives in `archives_folder`. Raises Refusal for a missing path, a damaged archive, too little disk.
    """
    distinct = list(dict.fromkeys(paths))
    if not distinct:
        raise Refusal(f"{archives_folder}: there is no image to decode. Check the card's `layout`.")
    request = _request(archives_folder, files, distinct, form)
    with locked(caches / "build.lock"):
        decoded = _recorded(caches, request, suffix_of(form))
        if decoded is None:
            _delete_unfinished(caches, request)
            unfinished = caches / f"{request}{suffix_of(form)}"
            decoded = build_file(unfinished, archives_folder, files, distinct, form, processes)
            key = _key(decoded, form)
            with whole_file(caches / f"{key.key}.{request}.parquet") as partial:
                decoded.to_parquet(partial, index=False)
            unfinished.replace(caches / f"{key.key}{suffix_of(form)}")
        else:
            key = _key(decoded, form)
        _prune(caches, caches / f"{key.key}{suffix_of(form)}")
    return BuiltCache(key, decoded)


def open_pixels(
    caches: Path, key: PixelsKey, images: pd.DataFrame, archives_folder: Path, files: Sequence[str]
) -> CachedPixels:
    """The cache of `key`, memory-mapped and read-only: count x height x width x channels, uint8 or float16.

    JPEGs are decoded as they are asked for; the index is the same, `pixels[positions]`.

    Absent (another machine, a cleaned disk), it is built again from the archives under a lock, once for all waiting
    processes. Raises Refusal when the archives no longer hold the images of `key`.
    """
    form = PixelForm(key.height, key.width, key.channels, key.resize, key.range, key.jpeg_quality)
    path = caches / f"{key.key}{suffix_of(form)}"
    if not path.exists():
        by_position = images.drop_duplicates("position").sort_values("position")
        rebuilt = build(archives_folder, files, list(by_position["path"]), form, caches).key
        if rebuilt != key:
            raise Refusal(
                f"{archives_folder}: the images are not those that the stage `prepare` read: their key is "
                f"{rebuilt.key[:12]} ({rebuilt.count} images), pixels.json says {key.key[:12]} ({key.count} images). "
                "Run `dvc repro`."
            )
    with suppress(PermissionError):
        os.utime(path)  # the time of last use, by which old caches are pruned
    return _mapped(path, key)


def _mapped(path: Path, key: PixelsKey) -> CachedPixels:
    try:
        pixels = np.load(path, mmap_mode="r") if key.jpeg_quality is None else JpegPixels(path, key.shape)
    except ValueError as error:
        raise Refusal(f"{path} is damaged ({error}). Remove it, it will be built again.") from None
    if pixels.shape != key.shape or pixels.dtype != key.dtype:
        raise Refusal(f"{path} is {pixels.dtype} of {pixels.shape}, not {key.shape}. Remove it and run again.")
    return pixels


def _request(archives_folder: Path, files: Sequence[str], paths: list[str], form: PixelForm) -> str:
    """A hash of what is asked for, known before anything is decoded. Archives count by size and time of change."""
    archives = [(name, existing(archives_folder, name).stat()) for name in files]
    stamps = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in archives]
    return sha256_of_json([VERSION, asdict(form), stamps, paths])[:32]


def _key(decoded: pd.DataFrame, form: PixelForm) -> PixelsKey:
    digest = hashlib.sha256(json.dumps([VERSION, asdict(form)], sort_keys=True).encode())
    for content in decoded["exact_hash"]:
        digest.update(bytes.fromhex(content))
    return PixelsKey(key=digest.hexdigest(), count=len(decoded), dtype=form.dtype, **asdict(form))


def _recorded(caches: Path, request: str, suffix: str) -> pd.DataFrame | None:
    """What an earlier build of the same request found, if its pixels are still there."""
    for record in caches.glob(f"*.{request}.parquet"):
        if (caches / f"{record.name.split('.')[0]}{suffix}").exists():
            return pd.read_parquet(record)
    return None


def _delete_unfinished(caches: Path, request: str) -> None:
    """What builds of other requests left: it would take the disk that this one needs. The caller holds the lock."""
    stems = {path: path.name.split(".")[0] for path in caches.iterdir()}
    _delete(path for path, stem in stems.items() if stem != request and len(stem) != KEY_LENGTH)


def _prune(caches: Path, current: Path) -> None:
    """Delete all but the caches used last, and every abandoned build: the caller holds the lock, none is under way."""
    os.utime(current)
    finished = [path for path in caches.iterdir() if path.suffix in STORED and len(path.stem) == KEY_LENGTH]
    kept = sorted(finished, key=lambda path: path.stat().st_mtime_ns, reverse=True)[:KEPT_CACHES]
    keys = {path.stem for path in kept}
    _delete(path for path in caches.iterdir() if path.name.split(".")[0] not in keys)


def _delete(paths: Iterable[Path]) -> None:
    """Those of `paths` that are of a cache.

    A process that has a deleted cache mapped keeps it to its end; one that opens it later builds it again.
    """
    for path in list(paths):
        if path.suffix in (*STORED, ".parquet", ".journal", ".parts", ".partial"):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
