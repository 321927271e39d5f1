"""Few bytes that would become very much memory, or take for ever: counted before that is so, and refused."""

import io
import json
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.parquet
import pytest

from foldline.archive import budgets
from foldline.archive.addresses import parse_in_array
from foldline.archive.encodings import LONGEST_RUN, decide, distinct_runs
from foldline.archive.file_names import matching
from foldline.archive.record_files import file_of_records
from foldline.archive.table_formats import header_fields, parse_table
from foldline.files.refusal import Curable

MANY = 300
"""Its square is more fields than a small file may have, with the budget of these tests."""


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "BOMB_BYTES", 2**16)
    monkeypatch.setattr(budgets, "LARGEST_EXPANSION", 10)


def parquet(table: pyarrow.Table) -> bytes:
    content = io.BytesIO()
    pyarrow.parquet.write_table(table, content, compression="zstd")
    return content.getvalue()


def npy(shape: tuple[int, ...], kind: str) -> bytes:
    """Of which it has no numbers."""
    header = repr({"descr": kind, "fortran_order": False, "shape": shape}).encode() + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header


KEYS = [{f"key{n}": 1} for n in range(MANY)]
SPARSE = {
    "short lines": ("a.csv", b"," * MANY + b"\n" + b"1\n" * MANY),
    "a list of objects": ("a.json", json.dumps(KEYS).encode()),
    "an object of objects": ("a.json", json.dumps({f"{n}": one for n, one in enumerate(KEYS)}).encode()),
    "a long list among short ones": ("a.json", json.dumps([[1] * MANY, *[[]] * MANY]).encode()),
    "a long column and many values": (
        "a.json",
        json.dumps({"a": [1] * MANY} | dict.fromkeys(map(str, range(MANY)), 1)).encode(),
    ),
    "a line per object": ("a.jsonl", "\n".join(map(json.dumps, KEYS)).encode()),
    "a number, repeated": ("a.parquet", parquet(pyarrow.table({"a": np.zeros(200_000, np.int8)}))),
    "a list, of one number": (
        "a.parquet",
        parquet(pyarrow.table({"a": pyarrow.ListArray.from_arrays([0, 200_000], np.zeros(200_000, np.int8))})),
    ),
}


@pytest.mark.parametrize("what", list(SPARSE))
def test_a_table_of_more_fields_than_its_bytes_hold(what: str) -> None:
    name, content = SPARSE[what]
    with pytest.raises(Curable, match=r"its [\d,]+ bytes make a table of [\d,]+ x [\d,]+ fields"):
        parse_table(content, name)


def test_records_of_a_number_that_is_repeated(tmp_path: Path) -> None:
    name, content = SPARSE["a number, repeated"]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Curable, match="fields, nearly all of them empty or repeated"):
        next(file_of_records(tmp_path / name, name).read(["a"]))


@pytest.mark.parametrize("kind", ["|V0", "<U0"])
def test_an_array_of_nothing(kind: str) -> None:
    with pytest.raises(ValueError, match="of fields without a single byte"):
        parse_table(npy((10**9,), kind), "a.npy")
    with pytest.raises(ValueError, match="of fields without a single byte"):
        parse_table(npy((0, 10**9), "<f8"), "a.npy")


@pytest.mark.parametrize(
    "content", [npy((2**50,), "<f8"), npy((1,), "<f8").replace(b"(1,)", b"(((1"), b"\x93NUMPY", b""]
)
def test_a_damaged_array(content: bytes) -> None:
    with pytest.raises(ValueError):
        parse_table(content, "a.npy")


@pytest.mark.parametrize(("name", "content"), [("a.json", b"[" * 10**5), ("a.jsonl", b'{"a":' * 10**5)])
def test_brackets_without_end(name: str, content: bytes) -> None:
    with pytest.raises(ValueError, match="its brackets are nested without end"):
        parse_table(content, name)


@pytest.mark.parametrize("content", [b"[{}, 1]", b"[1, {}]", b"true", b"1", b"null", b'"a"', b'{"a": {}, "b": 1}'])
def test_json_that_is_no_table(content: bytes) -> None:
    """Whatever pandas says to it: a frame, or a ValueError."""
    with suppress(ValueError):
        assert isinstance(parse_table(content, "a.json"), pd.DataFrame)


def test_wide_headers() -> None:
    """Each name is looked at once: of a hundred thousand, not each with each."""
    names = [f"c{n}" for n in range(100_000)]
    assert header_fields(",".join(names).encode(), "a.csv") == names
    assert parse_table(b"a,,,Unnamed: 2", "a.csv").columns.tolist() == ["a", "Unnamed: 1", "Unnamed: 2.1", "Unnamed: 2"]


def document(elements: bytes) -> bytes:
    return struct.pack("<i", len(elements) + 5) + elements + b"\0"


def nested_document(depth: int) -> bytes:
    content = document(b"")
    for _ in range(depth):
        content = document(b"\x03a\0" + content)
    return content


BSON = {
    "binary that goes back": document(b"\x05a\0" + struct.pack("<i", -8) + b"\0"),
    "text that goes back": document(b"\x02a\0" + struct.pack("<i", -7)),
    "a document that goes back": document(b"\x03a\0" + struct.pack("<i", -3)),
    "a document that ends within another value": document(b"\x03a\0" + struct.pack("<i", 9) + b"\x12a\0" + bytes(9)),
    "binary that is cut off": document(b"\x05a\0" + struct.pack("<i", 100) + b"\0"),
    "nested without end": nested_document(5_000),
}
TFRECORDS = {
    "a number without end": b"\xff" * 10**6 + b"\1",
    "a field that is cut off": b"\x0a\x7f\1",
    "a name that is a number": b"\x0a\x04\x0a\x02\x08\x01",
}


@pytest.mark.parametrize("content", BSON.values(), ids=list(BSON))
def test_bson_that_leads_astray(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.bson").write_bytes(content)
    with pytest.raises(ValueError, match="a BSON document"):
        list(file_of_records(tmp_path / "a.bson", "a.bson").read(None))


@pytest.mark.parametrize("content", TFRECORDS.values(), ids=list(TFRECORDS))
def test_a_hostile_example(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.tfrec").write_bytes(struct.pack("<Q", len(content)) + bytes(4) + content + bytes(4))
    with pytest.raises(ValueError, match=r"not a tf.train.Example"):
        list(file_of_records(tmp_path / "a.tfrec", "a.tfrec").read(None))


@pytest.mark.parametrize("length", [2**40, 2**64 - 1])
def test_a_record_longer_than_its_file(length: int, tmp_path: Path) -> None:
    (tmp_path / "a.tfrec").write_bytes(struct.pack("<Q", length) + bytes(40))
    with pytest.raises(ValueError, match="the record at byte 0 is cut off"):
        list(file_of_records(tmp_path / "a.tfrec", "a.tfrec").read(None))


def test_a_pattern_of_many_stars() -> None:
    names = ["a" * 200, "x/" + "a" * 200 + "b", "xyxz"]
    patterns = ["a*" * 60 + "b", "x/" + "a*" * 60 + "b", "x*xz"]
    assert list(matching(patterns, names)) == [(patterns[1], names[1]), (patterns[2], "xyxz")]


def test_encodings_of_long_runs() -> None:
    assert sum(map(len, distinct_runs(bytes(range(0x80, 0x100)) * 50_000))) == LONGEST_RUN
    assert decide(b"a" * 10**6 + b" \xe9t\xe9") == "cp1252"


def test_a_path_that_no_disk_takes() -> None:
    assert parse_in_array("a.h5/" * 10**5 + "]") is None
