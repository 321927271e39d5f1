"""How much one file may ask for: what goes beyond is an attack, or a mistake that would fill the memory or the disk.

Generous on purpose: the largest competitions hold millions of files and a terabyte.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from foldline.files.refusal import Curable, Refusal, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from pyarrow.parquet import ParquetFile

LARGEST_EXPANSION = 1_000
BOMB_BYTES = 2**28
"""Only what grows a thousandfold into more than this is taken for a bomb: a black image may shrink so far."""
CELL_BYTES = 8
"""What each field of a table takes at least, however little its file says of it."""
MOST_ENTRIES = 20_000_000
"""In one archive."""
ENTRY_BYTES = 4096
"""What a file or a folder takes of a disk at least."""
LIST_BYTES = 16
"""What a byte of a 7z's list of files takes of memory at most, while that is read."""
LONGEST_PATH, DEEPEST_PATH = 4096, 256
"""In characters and folders; Linux takes no longer one."""
DEEPEST = 4
MOST_NESTED = 100_000
"""Archives within archives: how deep, and how many."""
MOST_OPEN = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2
"""Zips: they stay open, and the system lends a process so many files."""
KEPT_FREE_BYTES = 2**28
"""Of the disk, and of the memory, while an archive of unknown size is unpacked."""
PIXELS_VARIABLE = "OPENCV_IO_MAX_IMAGE_PIXELS"
"""OpenCV's own name for it, which it heeds, too."""
MOST_PIXELS = int(os.environ.get(PIXELS_VARIABLE) or 2**30)
"""Of an image: a scanned slide has a third of this. Numbers of an array count as pixels."""

MATCHING_SECONDS, SECONDS_PER_TEXT = 10, 1e-4
"""Of the processor, for a regular expression: a hundred times what any that is meant takes."""


def most_made(given_bytes: int) -> int:
    """What so few bytes of a file may become, in bytes, or pixels."""
    return max(BOMB_BYTES, LARGEST_EXPANSION * given_bytes)


def is_bomb(given_bytes: int, made: int) -> bool:
    """Whether so few bytes of a file become far too much. made: bytes, or pixels."""
    return made > most_made(given_bytes)


def refuse_bomb(where: str, packed_bytes: int, unpacked_bytes: int) -> None:
    """Raises Refusal for a zip bomb. unpacked_bytes: in all, or so far."""
    if is_bomb(packed_bytes, unpacked_bytes):
        raise Refusal(
            f"{where} unpacks {packed_bytes:,} bytes to {unpacked_bytes:,} or more. Do not trust this archive."
        )


def refuse_cells(given_bytes: int, rows: int, columns: int) -> None:
    """Raises Curable for a table of far more fields than its file has bytes: gaps and repetitions are spelt by none."""
    if is_bomb(given_bytes, CELL_BYTES * rows * columns):
        raise Curable(
            f"its {given_bytes:,} bytes make a table of {rows:,} x {columns:,} fields, nearly all of them empty or "
            "repeated. Do not trust this file"
        )


def refuse_parquet(given_bytes: int, file: ParquetFile) -> None:
    """The same, before a parquet file is read: a list counts as so many columns as such lists have items on average."""
    found, rows = file.metadata, max(file.metadata.num_rows, 1)
    lists = [number for number in range(found.num_columns) if file.schema.column(number).max_repetition_level]
    groups = [found.row_group(number) for number in range(found.num_row_groups)]
    items = sum(group.column(number).num_values for group in groups for number in lists)
    refuse_cells(given_bytes, rows, found.num_columns + items // rows)


def refuse_product(what: str, given: int, made: int, cure: str) -> None:
    """Raises Refusal where many lines, or paths, meet many others each. given, made: fields, or comparisons."""
    if is_bomb(CELL_BYTES * given, CELL_BYTES * made):
        raise Refusal(f"{what}: that is too much to be meant. {cure}")


def refuse_join(where: str, left: pd.DataFrame, right: pd.DataFrame, on: Sequence[str], cure: str) -> None:
    """Raises Refusal, before it is made, for a join in which keys that both repeat make far too many lines."""
    # Most joins are by a key that one side has once; to count all keys takes longer than to join.
    if not (right.duplicated(list(on)).any() and left.duplicated(list(on)).any()):
        return
    ours, theirs = (table[list(on)].reset_index(drop=True).value_counts(dropna=False) for table in (left, right))
    lines = (ours * theirs).dropna()
    for key in lines.nlargest(1).index:
        many = f"{ours[key]:,} lines with {listed(on)} = {listed(key)} meet {theirs[key]:,}, {lines.sum():,.0f} in all"
        fields = int(lines.sum()) * (left.shape[1] + right.shape[1])
        refuse_product(f"{where}: {many}", left.size + right.size, fields, cure)
        refuse_without_memory(f"{where}: {many}", CELL_BYTES * fields)


@contextmanager
def refusing_backtracking(pattern: str, texts: int) -> Iterator[None]:
    """Raises Refusal where a card's regular expression is held against so many texts, and does not come to an end: the
    ways in which it may fit can double with each letter, and Python's `re` tries all. In the main thread alone."""

    def refuse(*_: object) -> None:
        raise Refusal(
            f"The card's pattern {pattern!r} takes too long over {texts:,} texts: it may fit one in very many ways. "
            "Write it so that there is one, such as `[^/]+` instead of `(.+)+`."
        )

    # It stays: without it a signal that is on its way at the end would end the process.
    signal.signal(signal.SIGVTALRM, refuse)
    signal.setitimer(signal.ITIMER_VIRTUAL, MATCHING_SECONDS + SECONDS_PER_TEXT * texts)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def refuse_archives(where: str, nested: int, opened: int) -> None:
    """Raises Refusal where there are more archives within archives, or more zips, than can be read."""
    if nested > MOST_NESTED or opened > MOST_OPEN:
        raise Refusal(
            f"{where} is one archive too many: {nested:,} lie in others ({MOST_NESTED:,} may), {opened:,} are zips "
            f"({MOST_OPEN:,} may be open; `ulimit -n` raises that). Unpack some by hand into a folder, and take that "
            "by `foldline download --from FOLDER`."
        )


def refuse_entries(where: str, count: int) -> None:
    """Raises Refusal for an archive of more files than any competition has."""
    if count > MOST_ENTRIES:
        raise Refusal(f"{where} lists {count:,} files, more than {MOST_ENTRIES:,}. Do not trust this archive.")


def refuse_overlap(where: str, archive_bytes: int, packed_bytes: int) -> None:
    """Raises Refusal where entries that say to be larger together than their archive must share their bytes."""
    if packed_bytes > archive_bytes:
        raise Refusal(
            f"{where} has {archive_bytes:,} bytes, its files {packed_bytes:,} as they are packed: they overlap. Do "
            "not trust this archive."
        )


def refuse_without_room(folder: Path, needed_bytes: int, where: str) -> None:
    """Raises Refusal when the disk of `folder` has less space than `where` needs."""
    free = shutil.disk_usage(folder).free
    if needed_bytes > free:
        raise Refusal(
            f"{where} takes {needed_bytes:,} bytes unpacked, {free:,} are free at {folder.parent}. Free some space."
        )


def refuse_without_memory(where: str, needed_bytes: int) -> None:
    """Raises Refusal when less memory is free than `where` takes as a whole."""
    if needed_bytes > BOMB_BYTES and needed_bytes > psutil.virtual_memory().available:
        raise Refusal(
            f"{where} takes {needed_bytes:,} bytes of memory, {psutil.virtual_memory().available:,} are free. Use a "
            "machine with more, or a file that is less large."
        )
