"""Where a row of a csv stands, as an editor counts lines: blank ones, and those within a field, count too."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

LINES_AT_A_TIME = 1 << 16
NO_SEPARATOR = "\x01"


def line_of(path: Path, record: int) -> int:
    """Of the record number `record`, counted from 0 without blank lines; its header, if it has one, is the first."""
    reader = csv.reader(_lines(path))
    start = 1
    for fields in reader:
        if len(fields) > 1 or "".join(fields).strip():
            if record == 0:
                return start
            record -= 1
        start = reader.line_num + 1
    return start


def _lines(path: Path) -> Iterator[str]:
    """By pandas, which reads the packed files that it read the rows from."""
    with pd.read_csv(
        path,
        sep=NO_SEPARATOR,
        header=None,
        names=["line"],
        dtype="str",
        na_filter=False,
        quoting=csv.QUOTE_NONE,
        skip_blank_lines=False,
        chunksize=LINES_AT_A_TIME,
        encoding="utf-8-sig",
    ) as blocks:
        for block in blocks:
            yield from block["line"]
