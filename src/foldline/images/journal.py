"""What an interrupted build of the cache has already decoded: a line of JSON per chunk, beside the unfinished file."""

import json
import os
import zlib
from pathlib import Path

from foldline.images.chunks import ChunkDone, Source


def append(journal: Path, done: ChunkDone) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps([done.first, done.crc32, done.images]) + "\n")


def read(journal: Path, source: Source) -> dict[int, ChunkDone]:
    """The chunks, by their first image, whose pixels are in the file as they were decoded."""
    if not journal.exists() or not source.pixels_file.exists():
        return {}
    whole = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            first, crc32, images = json.loads(line)
        except ValueError:
            continue  # the line that was being written when the process died
        done = ChunkDone(first, crc32, [tuple(image) for image in images])
        if _crc32(done, source) == crc32:
            whole[first] = done
    return whole


def _crc32(done: ChunkDone, source: Source) -> int:
    size = source.form.bytes
    with source.pixels_file.open("rb") as file:
        file.seek(source.header_bytes + done.first * size, os.SEEK_SET)
        return zlib.crc32(file.read(len(done.images) * size))
