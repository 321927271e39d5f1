"""Short label files in nine encodings: none is read wrongly; one that fits several is refused with samples."""

from collections.abc import Callable

import pytest

from foldline.archive.encodings import Undecided
from foldline.archive.table_formats import parse_table
from tests.archive.label_files import WORDS, label_files


@pytest.mark.faults
@pytest.mark.parametrize("labels", [1, 2, 3, 5, 10])
@pytest.mark.parametrize("encoding", WORDS)
def test_no_label_file_is_read_wrongly(encoding: str, labels: int, outcome: Callable[..., None]) -> None:
    for text, content in label_files(encoding, labels, 100, labels):
        wanted = [line.split(",")[1] for line in text.split()[1:]]
        try:
            assert parse_table(content, "labels.csv")["label"].tolist() == wanted
        except Undecided:
            outcome("short label files in other encodings than UTF-8", "refused")
            continue
        outcome("short label files in other encodings than UTF-8", "survived")
