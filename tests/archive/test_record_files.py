"""Records are found again by their places: json of any encoding and line ends, rows of parquet in any order."""

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from foldline.archive.record_files import BLOCK_ROWS, ParquetRecords, file_of_records


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize(
    "text", ['{"id": "ä"}\n\n{"id": "bö"}\n', '{"id": "ä"}\r\n{"id": "bö"}', '[{"id":"ä"},{"id":"bö"}]']
)
def test_records_of_json_by_their_place(tmp_path: Path, text: str, code: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode(code))
    records = file_of_records(path, "a.json")
    found = list(records.read(None))
    assert [record["id"] for _, record in found] == ["ä", "bö"]
    assert [records.at(place) for place, _ in found] == [record for _, record in found]


ROWS = 2 * BLOCK_ROWS + 5
SIX = 2.0 * np.arange(ROWS)


@pytest.fixture
def records(tmp_path: Path) -> ParquetRecords:
    """Two groups of rows, the first of two blocks."""
    table = pa.table(
        {
            "id": [f"image {row}" for row in range(ROWS)],
            "p0": pa.array(np.arange(ROWS) % 256, pa.uint8()),
            "p1": SIX,
            "p2": [None, *map(str, range(1, ROWS))],
        }
    )
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet", row_group_size=BLOCK_ROWS + 2)
    return ParquetRecords(tmp_path / "a.parquet")


def test_a_row_is_found_again_by_its_place(records: ParquetRecords) -> None:
    found = list(records.read(None))
    assert [record["id"] for _, record in found] == [f"image {row}" for row in range(ROWS)]
    for place, record in (found[at] for at in (0, ROWS - 1, BLOCK_ROWS + 1, BLOCK_ROWS, BLOCK_ROWS + 2, 3)):
        assert records.at(place) == record


@pytest.mark.parametrize("row", [1, ROWS - 1, BLOCK_ROWS, 2, BLOCK_ROWS + 2])
def test_numbers_of_a_row_whatever_their_types(records: ParquetRecords, row: int) -> None:
    records.numbers((ROWS // 2, ROWS // 2 + 1), "p.")
    numbers = records.numbers((row, row + 1), r"p\d")
    assert numbers.dtype == np.float32
    np.testing.assert_array_equal(numbers, [row % 256, SIX[row], row])
    np.testing.assert_array_equal(records.numbers((row, row + 1), "p1"), [SIX[row]])


def test_what_is_missing_is_no_number(records: ParquetRecords) -> None:
    np.testing.assert_array_equal(records.numbers((0, 1), r"p\d"), [0, 0, np.nan])


@pytest.mark.parametrize("suffix", ["csv", "json", "parquet"])
def test_numbers_are_in_the_order_of_their_names_numbers(tmp_path: Path, suffix: str) -> None:
    """Not as columns lie that were sorted as texts; those without numbers stay as they lie."""
    path, table = tmp_path / f"a.{suffix}", pd.DataFrame({"p1": [1], "p10": [10], "b": [7], "p2": [2], "a": [8]})
    write = {"csv": partial(table.to_csv, index=False), "json": partial(table.to_json, orient="records")}
    write.get(suffix, table.to_parquet)(path)
    read = file_of_records(path, path.name)
    [(place, _)] = list(read.read(None))
    assert read.numbers(place, r"p\d+").tolist() == [1, 2, 10]
    assert read.numbers(place, "a|b").tolist() == [7, 8]


def test_a_row_that_is_not_there(records: ParquetRecords) -> None:
    with pytest.raises(ValueError, match=f"there is no row {ROWS}"):
        records.at((ROWS, ROWS + 1))


def test_only_what_is_wanted_is_read(records: ParquetRecords) -> None:
    assert next(iter(records.read({"p1"}))) == ((0, 1), {"p1": 0.0})


def test_records_of_json_in_utf_16_are_refused_and_not_guessed(tmp_path: Path) -> None:
    """Their places are counted in bytes of UTF-8, or of Windows."""
    path = tmp_path / "records.json"
    path.write_text('[{"id": "1"}]', encoding="utf-16")
    with pytest.raises(ValueError, match="it is in UTF-16"):
        list(file_of_records(path, "records.json").read(None))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b'id,x\n1,a\n2,"b\n3,c\n', "a quote in the line at byte 9 is never closed"),
        ("a.csv", b"id,x\n1,a\n2\n", "a line has 1 fields, the header 2: 2"),
        ("a.csv", b"id,x\n1,a,b\n", "a line has 3 fields, the header 2: 1, a, b"),
        ("a.csv", b"id,x,id\n1,a,2\n", "its header names id twice"),
        ("a.json", b'[{"id": 1},\n{"id": 2}\n', "its array does not end: it is cut off"),
        ("a.json", b'[{"id": 1, "id": 2}]', "an object has the key 'id' twice"),
    ],
)
def test_no_record_and_no_field_is_lost(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        list(file_of_records(tmp_path / name, name).read(None))


def test_numbers_of_json_are_texts_where_rows_are_told_and_numbers_in_images(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'[{"id": 9007199254740993, "angle": 0.10, "gap": 7.0, "pixels": [1, 2.5]}]')
    records = file_of_records(path, "a.json")
    [(place, record)] = records.read(None)
    assert record == {"id": "9007199254740993", "angle": "0.10", "gap": "7", "pixels": ["1", "2.5"]}
    assert records.at(place)["pixels"] == [1, 2.5]
