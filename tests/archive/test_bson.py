"""BSON documents, by the bytes of the specification's own examples and one of each type."""

import struct
from pathlib import Path

import pytest

from foldline.archive.bson import decode_document
from foldline.archive.record_files import file_of_records

HELLO = b"\x16\x00\x00\x00\x02hello\x00\x06\x00\x00\x00world\x00\x00"
AWESOME = (
    b"1\x00\x00\x00\x04BSON\x00&\x00\x00\x00\x020\x00\x08\x00\x00\x00awesome\x00\x011\x00333333\x14@\x102\x00"
    b"\xc2\x07\x00\x00\x00\x00"
)


def document(elements: bytes) -> bytes:
    return struct.pack("<i", len(elements) + 5) + elements + b"\0"


def test_the_examples_of_the_specification() -> None:
    assert decode_document(HELLO) == {"hello": "world"}
    assert decode_document(AWESOME) == {"BSON": ["awesome", 5.05, 1986]}


def test_every_type_that_competitions_use() -> None:
    elements = (
        b"\x05b\0\x02\0\0\0\0\xff\0" + b"\x07i\0" + bytes(range(12)) + b"\x08t\0\x01" + b"\x0an\0"
        b"\x12l\0" + struct.pack("<q", 2**40) + b"\x03d\0" + document(b"\x10x\0\x07\0\0\0")
    )
    expected = {"b": b"\xff\0", "i": "000102030405060708090a0b", "t": True, "n": None, "l": 2**40, "d": {"x": 7}}
    assert decode_document(document(elements)) == expected


def test_documents_of_a_file_by_their_place(tmp_path: Path) -> None:
    path = tmp_path / "a.bson"
    path.write_bytes(HELLO + AWESOME)
    records = file_of_records(path, "a.bson")
    found = dict(records.read(None))
    assert list(found) == [(0, 22), (22, 71)]
    assert all(records.at(place) == record for place, record in found.items())
    path.write_bytes(HELLO + AWESOME[:-1])
    with pytest.raises(ValueError, match="the BSON document at byte 22 is cut off"):
        list(records.read(None))


@pytest.mark.parametrize("content", [document(b"\x99a\0"), b"", HELLO[:9]])
def test_what_is_no_document(content: bytes) -> None:
    with pytest.raises(ValueError, match="BSON"):
        decode_document(content)
