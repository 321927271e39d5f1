"""BSON documents (bsonspec.org), as far as competitions pack images in them. Source: the specification, version 1.1."""

import struct
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from typing import Any

Document = dict[str, Any]
Read = Callable[[bytes, int], tuple[Any, int]]
"""From bytes and a value's offset to the value and the offset after it."""


def documents_in(file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """The offset and the bytes of each document. Raises ValueError when the file ends within one."""
    start = 0
    while head := file.read(4):
        length = length_at(head) if len(head) == 4 else 0
        content = head + file.read(length - 4) if length > 4 else b""
        if len(content) != length or not content:
            raise ValueError(f"the BSON document at byte {start} is cut off")
        yield start, content
        start += length


def length_at(head: bytes) -> int:
    """Of the document whose first four bytes are `head`, in bytes."""
    return struct.unpack("<i", head[:4])[0]


def _end(content: bytes, offset: int, extra: int = 0) -> int:
    """Where a value ends that begins with its length, which counts all but `extra` bytes of it. Raises ValueError where
    it has no end within `content`: a reader would go back, or in circles."""
    length = length_at(content[offset : offset + 4])
    if not 0 <= length <= len(content) - offset - extra:
        raise ValueError(f"a value at byte {offset} has a length of {length} bytes")
    return offset + extra + length


def decode_document(content: bytes) -> Document:
    """Raises ValueError for bytes that are not a document, or contain a value of an unknown type."""
    try:
        return _document(content, 0)[0]
    except RecursionError:
        raise ValueError("a BSON document that is nested without end") from None
    except (struct.error, IndexError, ValueError) as error:
        raise ValueError(f"not a BSON document ({error})") from None


def _document(content: bytes, offset: int) -> tuple[Document, int]:
    end = _end(content, offset)
    offset += 4
    values: Document = {}
    while offset < end - 1:
        kind, name_end = content[offset], content.index(b"\0", offset + 1)
        if kind not in READERS:
            raise ValueError(f"a BSON value of the unknown type {kind:#04x}")
        name = content[offset + 1 : name_end].decode()
        values[name], offset = READERS[kind](content, name_end + 1)
    if offset != end - 1:
        raise ValueError(f"a value of the document that ends at byte {end} ends at byte {offset}")
    return values, end


def _array(content: bytes, offset: int) -> tuple[list[Any], int]:
    values, end = _document(content, offset)
    return list(values.values()), end


def _text(content: bytes, offset: int) -> tuple[str, int]:
    end = _end(content, offset, 4)
    return content[offset + 4 : end - 1].decode(), end


def _binary(content: bytes, offset: int) -> tuple[bytes, int]:
    end = _end(content, offset, 5)
    return content[offset + 5 : end], end


def _fixed(code: str) -> Read:
    size = struct.calcsize(code)
    return lambda content, offset: (struct.unpack_from(code, content, offset)[0], offset + size)


READERS: dict[int, Read] = {
    0x01: _fixed("<d"),
    0x02: _text,
    0x03: _document,
    0x04: _array,
    0x05: _binary,
    0x07: lambda content, offset: (content[offset : offset + 12].hex(), offset + 12),
    0x08: _fixed("<?"),
    0x09: _fixed("<q"),
    0x0A: lambda content, offset: (None, offset),
    0x10: _fixed("<i"),
    0x11: _fixed("<Q"),
    0x12: _fixed("<q"),
}
