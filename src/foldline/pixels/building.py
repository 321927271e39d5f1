"""Building a pixel cache: every image decoded once, in parallel; an interrupted build goes on where it stopped.

A folder of caches holds `<key>.npy` (the pixels) or `<key>.jpegs`, `<key>.<request>.parquet` (what was found while
decoding, by a hash of what was asked for) and, while building, the same by `<request>`, with its `.journal`.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from foldline.archive.finder import existing
from foldline.files.hashes import is_intact
from foldline.files.progress import progress
from foldline.files.refusal import Refusal
from foldline.files.whole_files import locked, numbers_file, sha256_of_json
from foldline.pixels.cache import PixelsKey
from foldline.pixels.chunks import (
    Chunk,
    ChunkDone,
    DecodedImage,
    Decoder,
    Source,
    decode_chunk,
    start_process,
)
from foldline.pixels.decoding import VERSION
from foldline.pixels.resizing import PixelForm, Resize
from foldline.pixels.stores import SUFFIXES

CHUNK_BYTES = 16 * 2**20
CHUNK_IMAGES = 256
SMALL_BUILD_IMAGES = 4_000
"""Below this, starting processes may take longer than decoding in this one."""
KEPT_CACHES = 3
"""The caches used last that a build leaves: going back to an earlier size need not decode again."""

KEY_LENGTH = 64
"""Of a finished cache's name; a request's is half as long."""


@dataclass(frozen=True)
class BuiltCache:
    key: PixelsKey
    decoded: pd.DataFrame
    """One row per distinct path: path, cache_index, height, width (pixels, before resizing), exact_hash,
    perceptual_hash (int64), error (missing for good images; others hold a mid-grey image at their index)."""


def build(
    archives_folder: Path, files: Sequence[str], paths: Sequence[str], form: PixelForm, caches: Path
) -> BuiltCache:
    """Decode each distinct path of `paths` once, in the order of first appearance, into a cache below `caches`.

    files: the archives in `archives_folder`. Raises Refusal for a missing path, a damaged archive, too little disk.
    """
    distinct = list(dict.fromkeys(paths))
    if not distinct:
        raise Refusal(f"{archives_folder}: there is no image to decode. Check the card's `layout`.")
    request, suffix = _request(archives_folder, files, distinct, form), form.store.suffix
    with locked(caches / "build.lock"):
        decoded = _recorded(caches, request, suffix)
        is_new = decoded is None
        if decoded is None:
            _prune(caches, unfinished=request)
            decoded = build_file(caches / f"{request}{suffix}", archives_folder, files, distinct, form)
        key = _key(decoded, form)
        finished = caches / f"{key.key}{suffix}"
        if is_new:
            with numbers_file(caches / f"{key.key}.{request}.parquet") as partial:
                decoded.to_parquet(partial, index=False)
            (caches / f"{request}{suffix}").replace(finished)
        os.utime(finished)
        _prune(caches)
    return BuiltCache(key, decoded)


def rebuild(caches: Path, key: PixelsKey, images: pd.DataFrame, archives_folder: Path, files: Sequence[str]) -> None:
    """Build the absent cache of `key` from the archives, under a lock, once for all waiting processes.

    images: path, cache_index. Raises Refusal when the archives no longer hold the images of `key`.
    """
    form = form_of(key)
    by_index = images.drop_duplicates("cache_index").sort_values("cache_index")
    rebuilt = build(archives_folder, files, list(by_index["path"]), form, caches).key
    if rebuilt != key:
        raise Refusal(
            f"{archives_folder}: the images are not those that the stage `prepare` read: their key is "
            f"{rebuilt.key[:12]} ({rebuilt.count} images), pixels.json says {key.key[:12]} ({key.count} images). "
            "Run `dvc repro`."
        )


def form_of(key: PixelsKey) -> PixelForm:
    """What the images of a cache look like."""
    return PixelForm(key.height, key.width, key.channels, cast(Resize, key.resize), key.range, key.store)


def _request(archives_folder: Path, files: Sequence[str], paths: list[str], form: PixelForm) -> str:
    """A hash of what is asked for, known before anything is decoded. Archives count by size and time of change."""
    archives = [(name, existing(archives_folder, name).stat()) for name in files]
    stamps = [(name, stat.st_size, stat.st_mtime_ns) for name, stat in archives]
    return sha256_of_json([VERSION, form.facts, stamps, paths])[:32]


def _key(decoded: pd.DataFrame, form: PixelForm) -> PixelsKey:
    digest = hashlib.sha256(json.dumps([VERSION, form.facts], sort_keys=True).encode())
    for content in decoded["exact_hash"]:
        digest.update(bytes.fromhex(content))
    return PixelsKey(key=digest.hexdigest(), count=len(decoded), dtype=form.dtype, **form.facts)


def _recorded(caches: Path, request: str, suffix: str) -> pd.DataFrame | None:
    """What an earlier build of the same request found, if its pixels are still there."""
    for record in caches.glob(f"*.{request}.parquet"):
        if is_intact(record) and (caches / f"{record.name.split('.')[0]}{suffix}").exists():
            return pd.read_parquet(record)
    return None


def _prune(caches: Path, unfinished: str | None = None) -> None:
    """Delete all but the caches used last and what an interrupted build of the request `unfinished` left: other
    builds' take the disk that it needs. The caller holds the lock, so no build is under way.

    A process that has a deleted cache mapped keeps it to its end; one that opens it later builds it again.
    """
    finished = [path for path in caches.iterdir() if path.suffix in SUFFIXES and len(path.stem) == KEY_LENGTH]
    finished.sort(key=lambda path: path.stat().st_mtime_ns)
    kept = {unfinished, *(path.stem for path in finished[-KEPT_CACHES:])}
    for path in list(caches.iterdir()):
        is_of_cache = path.suffix in (*SUFFIXES, ".parquet", ".journal", ".parts", ".partial")
        if is_of_cache and path.name.split(".")[0] not in kept:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def build_file(
    pixels_file: Path,
    archives_folder: Path,
    files: Sequence[str],
    paths: Sequence[str],
    form: PixelForm,
    processes: int | None = None,
) -> pd.DataFrame:
    """Write the file of all images, as `form.store` says; return the table `decoded`.

    processes: default all CPUs this one may use, and this one alone when there is little to do. Raises Refusal for too
    little disk space, a damaged archive, or a dead decoding process; what was decoded is kept for the next call.
    """
    form.store.reserve(pixels_file, (len(paths), form.height, form.width, form.channels), form.dtype)
    progress_file = pixels_file.with_suffix(".journal")
    source = Source(archives_folder, tuple(files), form, pixels_file)
    done = _read_journal(progress_file, source)
    chunks = [chunk for chunk in _chunks(paths, form) if chunk.first not in done]
    remaining = sum(len(chunk.paths) for chunk in chunks)
    processes = processes or (1 if remaining < SMALL_BUILD_IMAGES else len(os.sched_getaffinity(0)))
    with progress(total=len(paths), initial=len(paths) - remaining, desc="decoding", unit="image") as bar:
        for chunk in _decoded(chunks, source, processes):
            _append_to_journal(progress_file, chunk)
            done[chunk.first] = chunk
            bar.update(len(chunk.images))
    form.store.finish(pixels_file, [(first, done[first].hashes) for first in sorted(done)])
    return _table(paths, done)


def _chunks(paths: Sequence[str], form: PixelForm) -> Iterator[Chunk]:
    length = max(1, min(CHUNK_IMAGES, CHUNK_BYTES // form.bytes))
    for first in range(0, len(paths), length):
        yield Chunk(first, tuple(paths[first : first + length]))


def _decoded(chunks: Sequence[Chunk], source: Source, processes: int) -> Iterator[ChunkDone]:
    if min(processes, len(chunks)) <= 1:
        decoder = Decoder(source)
        yield from map(decoder.decode, chunks)
        return
    # Spawned, not forked: OpenCV's and Arrow's threads do not survive a fork.
    pool = ProcessPoolExecutor(min(processes, len(chunks)), get_context("spawn"), start_process, (source,))
    try:
        futures: list[Future[ChunkDone]] = [pool.submit(decode_chunk, chunk) for chunk in chunks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool:
        raise Refusal(
            f"{source.archives_folder}: a process that decodes images died (killed, or out of memory). "
            "What was decoded is kept: run the stage again, on a machine with more free memory if it dies again."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _table(paths: Sequence[str], done: dict[int, ChunkDone]) -> pd.DataFrame:
    images = [image for first in sorted(done) for image in done[first].images]
    table = pd.DataFrame(images, columns=DecodedImage._fields)
    table = table.astype({"height": "int64", "width": "int64", "perceptual_hash": "int64", "error": "str"})
    table.insert(0, "path", pd.Series(list(paths), dtype="str"))
    table.insert(1, "cache_index", np.arange(len(paths)))
    return table


def _append_to_journal(journal: Path, done: ChunkDone) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps([done.first, done.hashes, done.images]) + "\n")


def _read_journal(journal: Path, source: Source) -> dict[int, ChunkDone]:
    """What an interrupted build has already decoded, a line of JSON per chunk: the chunks, by their first image,
    that are in the store as they were decoded."""
    if not journal.exists():
        return {}
    whole = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            first, hashes, images = json.loads(line)
        except ValueError:
            continue  # the line that was being written when the process died
        done = ChunkDone(first, hashes, [DecodedImage(*image) for image in images])
        if source.form.store.written(source.pixels_file, first, len(images)) == hashes:
            whole[first] = done
    return whole
