"""TFRecord files against bytes written by the documents: varints, packed and single numbers, frames."""

import io
import struct
from typing import Any

import pytest

from foldline.archive.tfrecord import decode_example, examples_in
from tests.competitions.packing import tf_example, tf_record


def test_the_example_of_the_protocol_buffers_guide() -> None:
    """Field 1 holds 150 as the bytes 08 96 01; within an Int64List of the feature `a` of an Example."""
    feature = b"\x1a\x03" + b"\x08\x96\x01"
    entry = b"\x0a\x01a" + b"\x12" + bytes([len(feature)]) + feature
    features = b"\x0a" + bytes([len(entry)]) + entry
    assert decode_example(b"\x0a" + bytes([len(features)]) + features) == {"a": 150}


@pytest.mark.parametrize(
    "values",
    [
        {"image": b"\xff\xd8" * 200, "id": b"a1"},
        {"class": 103, "negative": -1, "shape": [64, 2**40, 0]},
        {"share": 0.5, "levels": [1.5, -2.0]},
        {"nothing": []},
    ],
)
def test_values_of_all_types_come_back(values: dict[str, Any]) -> None:
    assert decode_example(tf_example(values)) == values


def test_records_know_their_place() -> None:
    content = tf_record([{"id": b"x"}, {"id": b"yy"}])
    found = list(examples_in(io.BytesIO(content)))
    assert [decode_example(record) for _, record in found] == [{"id": b"x"}, {"id": b"yy"}]
    assert all(content[place : place + len(record)] == record for place, record in found)


@pytest.mark.parametrize("end", [-1, -5, 6])
def test_a_file_that_ends_within_a_record_is_refused(end: int) -> None:
    with pytest.raises(ValueError, match="the record at byte 0 is cut off"):
        list(examples_in(io.BytesIO(tf_record([{"id": b"x"}])[:end])))


@pytest.mark.parametrize("content", [b"\x0a\xff", b"no example", b"\x0a\x04\x0a\x02\x0a\x05", struct.pack("<q", -1)])
def test_other_bytes_are_no_example(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a tf\.train\.Example"):
        decode_example(content)
