"""TFRecord files of `tf.train.Example`, which competitions for TPUs pack images in.

Sources: the file's form in TensorFlow's guide "TFRecord and tf.train.Example"; the messages in its example.proto and
feature.proto, encoded as Protocol Buffers' "Encoding" says. Checksums are not looked at: a cut-off file is noticed by
its lengths, and an image by its decoder.
"""

import struct
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

HEAD_BYTES, CHECKSUM_BYTES = 12, 4
VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""Protocol Buffers' types on the wire."""
BYTES_LIST, FLOAT_LIST, INT64_LIST = 1, 2, 3
"""The fields of the message Feature."""


def examples_in(file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """The place and the bytes of each record. Raises ValueError when the file ends within one."""
    at = 0
    while head := file.read(HEAD_BYTES):
        length = struct.unpack("<Q", head[:8])[0] if len(head) == HEAD_BYTES else 0
        content = file.read(length)
        if len(content) != length or len(file.read(CHECKSUM_BYTES)) != CHECKSUM_BYTES:
            raise ValueError(f"the record at byte {at} is cut off")
        yield at + HEAD_BYTES, content
        at += HEAD_BYTES + length + CHECKSUM_BYTES


def decode_example(content: bytes) -> dict[str, Any]:
    """Each feature by its name: one value, or a list of them. Raises ValueError for bytes that are no Example."""
    try:
        features = [entry for _, message in _fields(content) for _, entry in _fields(message)]
        named = (dict(_fields(entry)) for entry in features)
        return {entry[1].decode(): _values(entry[2]) for entry in named}
    except (IndexError, KeyError, struct.error, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"no tf.train.Example ({error})") from None


def _values(feature: bytes) -> Any:
    values = [value for kind, message in _fields(feature) for value in _listed(kind, message)]
    return values[0] if len(values) == 1 else values


def _listed(kind: int, message: bytes) -> list[Any]:
    """The values of a BytesList, a FloatList or an Int64List; numbers are packed or not."""
    values: list[Any] = []
    for _, value in _fields(message):
        if kind == BYTES_LIST or not isinstance(value, bytes):
            values.append(_signed(value) if kind == INT64_LIST else value)
        elif kind == FLOAT_LIST:
            values += struct.unpack(f"<{len(value) // 4}f", value)
        else:
            values += _packed(value)
    return values


def _packed(content: bytes) -> Iterator[int]:
    at = 0
    while at < len(content):
        value, at = _varint(content, at)
        yield _signed(value)


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        if tag & 7 == VARINT:
            value, at = _varint(message, at)
        elif tag & 7 == BYTES:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif tag & 7 in (DOUBLE, FLOAT):
            code, size = ("<d", 8) if tag & 7 == DOUBLE else ("<f", 4)
            value, at = struct.unpack_from(code, message, at)[0], at + size
        else:
            raise ValueError(f"no tf.train.Example (a field of the unknown type {tag & 7})")
        yield tag >> 3, value


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, seven bits to a byte, and the place after it."""
    value = shift = 0
    while content[at] & 0x80:
        value |= (content[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
    return value | content[at] << shift, at + 1
