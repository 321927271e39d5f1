"""Decoding many images, in parallel, into one memory-mapped file; an interrupted build goes on where it stopped."""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from foldline.files.refusal import Refusal
from foldline.pixels import journal
from foldline.pixels.chunks import Chunk, ChunkDone, Decoder, Source, decode_chunk, start_process
from foldline.pixels.resizing import PixelForm
from foldline.pixels.stores import store_for

CHUNK_BYTES = 16 * 2**20
CHUNK_IMAGES = 256
SMALL_BUILD_IMAGES = 4_000
"""Below this, starting processes may take longer than decoding in this one."""


def build_file(
    pixels_file: Path,
    archives_folder: Path,
    files: Sequence[str],
    paths: Sequence[str],
    form: PixelForm,
    processes: int | None = None,
) -> pd.DataFrame:
    """Write the file of all images, of the kind that `form` says (stores.py); return the table `decoded`.

    processes: default all CPUs this one may use, and this one alone when there is little to do. Raises Refusal for too
    little disk space, a damaged archive, or a dead decoding process; what was decoded is kept for the next call.
    """
    store = store_for(pixels_file, len(paths), form)
    progress_file = pixels_file.with_suffix(".journal")
    store.reserve()
    source = Source(archives_folder, tuple(files), form, store)
    done = journal.read(progress_file, source)
    chunks = [chunk for chunk in _chunks(paths, form) if chunk.first not in done]
    remaining = sum(len(chunk.paths) for chunk in chunks)
    processes = processes or (1 if remaining < SMALL_BUILD_IMAGES else len(os.sched_getaffinity(0)))
    with tqdm(total=len(paths), initial=len(paths) - remaining, desc="decoding", unit="image") as bar:
        for chunk in _decoded(chunks, source, processes):
            journal.append(progress_file, chunk)
            done[chunk.first] = chunk
            bar.update(len(chunk.images))
    store.finish([(first, len(done[first].images)) for first in sorted(done)])
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
    table = pd.DataFrame(images, columns=["height", "width", "exact_hash", "perceptual_hash", "error"])
    table = table.astype({"height": "int64", "width": "int64", "perceptual_hash": "int64", "error": "str"})
    table.insert(0, "path", pd.Series(list(paths), dtype="str"))
    table.insert(1, "position", np.arange(len(paths)))
    return table
