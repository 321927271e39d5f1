"""A text stays what it is, letter for letter, through every reader: ids, labels and paths are texts."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from foldline.archive.addresses import open_array_file, parse_in_array
from foldline.archive.record_files import file_of_records
from foldline.archive.table_formats import parse_table
from foldline.archive.texts import as_text
from foldline.files.rows import read_rows, write_rows
from foldline.folds.folds_table import read_folds, write_folds
from foldline.predicting.logits import read_ids, write_ids
from tests.competitions.packing import bson, tf_record

HOSTILE = [
    "007", "7", "7.0", "7.10", "-0", "+1", "1e5", "1E+16", "1_000", "1,000", "0x1F", "9007199254740993",
    "12345678901234567890123", "NA", "N/A", "null", "nan", "NaN", "None", "True", "false", "inf", "-inf", "<NA>",
    "#N/A", ".5", "5.", "1/2", "2020-01-01", "12:30", " leading", "trailing ", "  ", "tab\tin", "a,b", "a;b", "a|b",
    'a "quoted" b', "'single'", "é", "e\u0301", "犬", "Ω", "\u200bzero", "a\u00a0b", "a\u2028b", "a\x85b",
    "\ufeffmark", "=1+1", "@x", "-", "$5", "\\N", "a\\b", "C:\\dir\\a.png", "a/./b", "x" * 300, "😀",
]  # fmt: skip
EXAMPLES = 15
texts = st.lists(
    st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1)),
    min_size=1,
    max_size=20,
)
ANY = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(codec="utf-8"), min_size=1)), min_size=1)
WITH_GAPS = st.lists(st.one_of(st.none(), st.integers(-(2**62), 2**62)), min_size=2, max_size=8)


def as_csv(found: list[str], delimiter: str = ",") -> bytes:
    written = io.StringIO(newline="")
    rows = [["id", "other"], *([one, "x"] for one in found)]
    csv.writer(written, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    return written.getvalue().encode()


def as_parquet(found: list[str], kind: pa.DataType | None = None) -> bytes:
    written = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"id": pa.array(found).cast(kind or pa.string())}), written)
    return written.getvalue()


def as_npy(found: list[str]) -> bytes:
    written = io.BytesIO()
    np.save(written, np.array(found), allow_pickle=False)
    return written.getvalue()


WRITERS: dict[str, tuple[str, Callable[[list[str]], bytes]]] = {
    "csv": ("a.csv", as_csv),
    "tsv": ("a.tsv", lambda found: as_csv(found, delimiter="\t")),
    "pandas": ("a.csv", lambda found: pd.DataFrame({"id": found, "other": "x"}).to_csv(index=False).encode()),
    "json": ("a.json", lambda found: json.dumps([{"id": one} for one in found]).encode()),
    "json in letters": ("a.json", lambda found: json.dumps([{"id": it} for it in found], ensure_ascii=False).encode()),
    "json of columns": ("a.json", lambda found: pd.DataFrame({"id": found}).to_json().encode()),
    "jsonl": ("a.jsonl", lambda found: "".join(json.dumps({"id": one}) + "\n" for one in found).encode()),
    "parquet": ("a.parquet", as_parquet),
    "parquet dictionary": ("a.parquet", lambda found: as_parquet(found, pa.dictionary(pa.int32(), pa.string()))),
    "parquet bytes": ("a.parquet", lambda found: as_parquet(found, pa.binary())),
}  # fmt: skip


def held(writer: str, found: list[str]) -> None:
    name, write = WRITERS[writer]
    table = parse_table(write(found), name)
    assert table["id"].tolist() == found


@pytest.mark.parametrize("writer", WRITERS)
def test_hostile_texts_through_every_table(writer: str) -> None:
    held(writer, HOSTILE)


@pytest.mark.parametrize("writer", WRITERS)
@given(found=texts)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_texts_through_every_table(writer: str, found: list[str]) -> None:
    held(writer, found)


@given(found=texts)
@settings(max_examples=EXAMPLES, deadline=None)
def test_any_texts_through_arrays(found: list[str]) -> None:
    assert parse_table(as_npy(found), "a.npy")["value"].tolist() == found


def test_texts_of_a_structured_array() -> None:
    written = io.BytesIO()
    np.save(written, np.array([("007", 9007199254740993, 0.1)], [("id", "U5"), ("n", "i8"), ("x", "f4")]))
    assert parse_table(written.getvalue(), "a.npy").to_dict("list") == {
        "id": ["007"], "n": ["9007199254740993"], "x": ["0.1"]
    }  # fmt: skip


@given(found=WITH_GAPS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_integers_stay_integers_whatever_is_missing(found: list[int | None]) -> None:
    wanted = ["" if one is None else str(one) for one in found]
    rows = [{"other": 1} if one is None else {"id": one, "other": 1} for one in found]
    lines = "\n".join(map(json.dumps, rows)).encode()
    columns = {str(place): one for place, one in enumerate(found)}
    parquet = io.BytesIO()
    pyarrow.parquet.write_table(pa.table({"id": pa.array(found, pa.int64())}), parquet)
    assert parse_table(json.dumps([{"id": None, "other": 0}, *rows]).encode(), "a.json")["id"].tolist() == ["", *wanted]
    assert parse_table(b'{"id": 1}\n' + lines, "a.jsonl")["id"].tolist() == ["1", *wanted]
    assert parse_table(json.dumps({"id": columns}).encode(), "a.json")["id"].tolist() == wanted
    assert parse_table(parquet.getvalue(), "a.parquet")["id"].tolist() == wanted


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (7.0, "7"), (np.float32(0.1), "0.1"), (1e16, "10000000000000000"), (2.0**53, "9007199254740992"),
        (1e300, "1e+300"), (True, "1"), (np.bool_(False), "0"), (np.uint64(2**64 - 1), "18446744073709551615"),
        (float("nan"), ""), (pd.NaT, ""), (None, ""), (b"\xe4", "\\xe4"), ("7.0", "7.0"), ([1, None, "x"], "1  x"),
        (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_values_as_a_csv_would_write_them(value: object, text: str) -> None:
    assert as_text(value) == text


RECORDS: dict[str, Callable[[list[str]], bytes]] = {
    **{suffix: WRITERS[suffix][1] for suffix in ("csv", "json", "jsonl", "parquet")},
    "bson": lambda found: b"".join(bson({"id": one, f"{one}.": [1, one]}) for one in found),
    "tfrec": lambda found: tf_record([{"id": one.encode(), f"{one}.": [b"1", one.encode()]} for one in found]),
}


@pytest.mark.parametrize("suffix", RECORDS)
@given(found=texts)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_through_records(tmp_path: Path, suffix: str, found: list[str]) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(RECORDS[suffix](found))
    records = file_of_records(path, path.name)
    read = list(records.read(None))
    assert [as_text(record["id"]) for _, record in read] == found
    assert [as_text(records.at(place)["id"]) for place, _ in read] == found
    if suffix in ("bson", "tfrec"):  # names, and texts in a list, too
        lists = [[*record.items()][1] for _, record in read]
        joined = [json.dumps(["1", one], ensure_ascii=False) if len(one.split()) > 1 else f"1 {one}" for one in found]
        assert [(name, as_text(value)) for name, value in lists] == [
            (f"{one}.", text) for one, text in zip(found, joined, strict=True)
        ]


@given(found=ANY)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_texts_through_our_own_tables(tmp_path: Path, found: list[str]) -> None:
    ids = list(dict.fromkeys(found))
    rows = pd.DataFrame({"part": "train", "row_id": ids, "group": ids, "tabular:x": ids}, dtype="str")
    write_rows(tmp_path / "rows.parquet", rows)
    pd.testing.assert_frame_equal(read_rows(tmp_path / "rows.parquet"), rows)
    folds = pd.DataFrame({"row_id": ids, "fold": 0, "cluster": 0})
    write_folds(tmp_path / "folds.csv", folds)
    assert read_folds(tmp_path / "folds.csv")["row_id"].tolist() == ids
    write_ids(tmp_path, {"validation": ids, "test": ids})
    assert [of_part["row_id"].tolist() for of_part in read_ids(tmp_path, ("validation", "test"))] == [ids, ids]


@pytest.mark.parametrize("name", [text for text in HOSTILE if not set(text) & set("/[]")])
def test_a_data_set_of_any_name(tmp_path: Path, name: str) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file[name] = np.zeros((2, 2))
    place = parse_in_array(f"a.h5/{name}")
    assert place is not None and place.name == name
    assert open_array_file(tmp_path / "a.h5", "a.h5").holds(place.name, place.row)
