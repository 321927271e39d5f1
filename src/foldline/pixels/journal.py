"""What an interrupted build of the cache has already decoded: a line of JSON per chunk, beside the unfinished file."""

import json
from pathlib import Path

from foldline.pixels.chunks import ChunkDone, Source, checksum


def append(journal: Path, done: ChunkDone) -> None:
    with journal.open("a", encoding="utf-8") as file:
        file.write(json.dumps([done.first, done.checksum, done.images]) + "\n")


def read(journal: Path, source: Source) -> dict[int, ChunkDone]:
    """The chunks, by their first image, that are in the store as they were decoded."""
    if not journal.exists():
        return {}
    whole = {}
    for line in journal.read_text(encoding="utf-8").splitlines():
        try:
            first, checked, images = json.loads(line)
        except ValueError:
            continue  # the line that was being written when the process died
        done = ChunkDone(first, checked, [tuple(image) for image in images])
        if checksum(source.store.written(first, len(images))) == checked:
            whole[first] = done
    return whole
