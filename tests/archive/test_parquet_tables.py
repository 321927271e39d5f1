"""Parquet as a table: the header costs nothing, only what is asked for is converted, and a type is no traceback."""

import datetime
import io
from decimal import Decimal

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from foldline.archive.table_formats import parse_table

UTC = datetime.UTC
COLUMNS = {
    "id": pa.array(["007", None]),
    "nullable": pa.array([9007199254740993, None], pa.int64()),
    "list": pa.array([[1, None], None]),
    "struct": pa.array([{"bytes": b"\xff\xd8", "path": "a"}, None]),
    "dictionary": pa.array(["cat", None]).dictionary_encode(),
    "decimal": pa.array([Decimal("1.50"), None], pa.decimal128(38, 2)),
    "date": pa.array([datetime.date(2020, 1, 2), None]),
    "time": pa.array([datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), None]),
    "duration": pa.array([datetime.timedelta(days=1), None]),
    "image": pa.array([b"\xff\xd8" * 10_000, None]),
    "float32": pa.array([0.1, None], pa.float32()),
    "float16": pa.array([0.5, None], pa.float16()),
    "truth": pa.array([True, None]),
    "nothing": pa.nulls(2),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int32())),
    "old.date": pa.array([datetime.datetime(1, 1, 1), None], pa.timestamp("us")),
    "large": pa.array(["x", None], pa.large_string()),
    "unsigned": pa.array([2**64 - 1, None], pa.uint64()),
}
TEXTS = {
    "id": "007", "nullable": "9007199254740993", "list": "1 ", "dictionary": "cat", "decimal": "1.50",
    "date": "2020-01-02", "time": "2020-01-02 03:04:05+00:00", "float32": "0.1", "float16": "0.5", "truth": "1",
    "nothing": "", "old.date": "0001-01-01 00:00:00", "large": "x", "unsigned": "18446744073709551615",
}  # fmt: skip


def written(columns: dict[str, pa.Array]) -> bytes:
    stored = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns), stored)
    return stored.getvalue()


def test_every_column_has_its_name_and_every_type_its_text() -> None:
    content = written(COLUMNS)
    assert list(parse_table(content, "a.parquet", rows=0)) == list(COLUMNS)
    table = parse_table(content, "a.parquet")
    assert {name: table[name].tolist() for name in TEXTS} == {name: [text, ""] for name, text in TEXTS.items()}
    assert table.iloc[1].eq("").all()
    for name, text in TEXTS.items():
        assert parse_table(content, "a.parquet", usecols=[name])[name].tolist() == [text, ""]


def test_a_column_that_pandas_made_an_index_is_a_column() -> None:
    stored = io.BytesIO()
    pd.DataFrame({"label": ["x"]}, index=pd.Index(["007"], name="id")).to_parquet(stored)
    assert parse_table(stored.getvalue(), "a.parquet").to_dict("list") == {"label": ["x"], "id": ["007"]}
    stored = io.BytesIO()
    pd.DataFrame({"label": ["x"]}, index=["nameless"]).to_parquet(stored)
    assert parse_table(stored.getvalue(), "a.parquet").to_dict("list") == {"label": ["x"]}


@pytest.mark.parametrize("end", [0, 4, 100])
def test_what_is_no_parquet_says_so(end: int) -> None:
    with pytest.raises(ValueError, match=r"(?i)parquet"):
        parse_table(written(COLUMNS)[:end], "a.parquet")
