"""TFRecord files of `tf.train.Example`, which competitions for TPUs pack images in.

Sources: the file's form in TensorFlow's guide "TFRecord and tf.train.Example"; the messages in its example.proto and
feature.proto, encoded as Protocol Buffers' "Encoding" says. Checksums are not verified: a cut-off file is noticed by
its lengths, and a damaged image by its decoder.
"""

import os
import struct
from collections.abc import Iterator
from io import BufferedIOBase
from typing import Any

HEAD_BYTES, CHECKSUM_BYTES = 12, 4
VARINT, DOUBLE, BYTES, FLOAT = 0, 1, 2, 5
"""Protocol Buffers' types on the wire."""
LARGEST_SHIFT = 56
"""Of a number's bytes but the last, of ten."""
BYTES_LIST, FLOAT_LIST, INT64_LIST = 1, 2, 3
"""The fields of the message Feature."""


def examples_in(file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """The offset and the bytes of each record. Raises ValueError when the file ends within one."""
    offset, size = 0, file.seek(0, os.SEEK_END)
    file.seek(0)
    while head := file.read(HEAD_BYTES):
        length = struct.unpack("<Q", head[:8])[0] if len(head) == HEAD_BYTES else 0
        content = file.read(min(length, size))  # the room for them is made before they are read
        if len(content) != length or len(file.read(CHECKSUM_BYTES)) != CHECKSUM_BYTES:
            raise ValueError(f"the record at byte {offset} is cut off")
        yield offset + HEAD_BYTES, content
        offset += HEAD_BYTES + length + CHECKSUM_BYTES


def decode_example(content: bytes) -> dict[str, Any]:
    """Each feature by its name: one value, or a list of them. Raises ValueError for bytes that are not an Example."""
    try:
        features = [entry for _, message in _fields(content) for _, entry in _fields(message)]
        named = (dict(_fields(entry)) for entry in features)
        return {entry[1].decode(): _values(entry[2]) for entry in named}
    except (AttributeError, IndexError, KeyError, struct.error, TypeError, UnicodeDecodeError) as error:
        raise ValueError(f"not a tf.train.Example ({error})") from None


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
    offset = 0
    while offset < len(content):
        value, offset = _varint(content, offset)
        yield _signed(value)


def _signed(value: int) -> int:
    return value - 2**64 if value >= 2**63 else value


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    offset = 0
    while offset < len(message):
        tag, offset = _varint(message, offset)
        if tag & 7 == VARINT:
            value, offset = _varint(message, offset)
        elif tag & 7 == BYTES:
            length, offset = _varint(message, offset)
            value, offset = message[offset : offset + length], offset + length
            if offset > len(message):
                raise ValueError("not a tf.train.Example (a field is cut off)")
        elif tag & 7 in (DOUBLE, FLOAT):
            code, size = ("<d", 8) if tag & 7 == DOUBLE else ("<f", 4)
            value, offset = struct.unpack_from(code, message, offset)[0], offset + size
        else:
            raise ValueError(f"not a tf.train.Example (a field of the unknown type {tag & 7})")
        yield tag >> 3, value


def _varint(content: bytes, offset: int) -> tuple[int, int]:
    """The number at `offset`, seven bits to a byte, and the offset after it."""
    value = shift = 0
    while content[offset] & 0x80:
        if shift > LARGEST_SHIFT:
            raise ValueError("not a tf.train.Example (a number of more than 64 bits)")
        value |= (content[offset] & 0x7F) << shift
        offset, shift = offset + 1, shift + 7
    return value | content[offset] << shift, offset + 1
