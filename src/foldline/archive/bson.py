"""BSON documents (bsonspec.org), as far as competitions pack images in them. Source: the specification, version 1.1."""

import struct
from collections.abc import Callable, Iterator
from io import BufferedIOBase
from typing import Any

Document = dict[str, Any]
Read = Callable[[bytes, int], tuple[Any, int]]
"""From bytes and the place of a value to the value and the place after it."""


def documents_in(file: BufferedIOBase) -> Iterator[tuple[int, bytes]]:
    """The place and the bytes of each document. Raises ValueError when the file ends within one."""
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


def decode_document(content: bytes) -> Document:
    """Raises ValueError for bytes that are no document, or hold a type of value that this reader does not know."""
    try:
        return _document(content, 0)[0]
    except (struct.error, IndexError, ValueError) as error:
        raise ValueError(f"no BSON document ({error})") from None


def _document(content: bytes, at: int) -> tuple[Document, int]:
    end = at + length_at(content[at : at + 4])
    at += 4
    values: Document = {}
    while at < end - 1:
        kind, name_end = content[at], content.index(b"\0", at + 1)
        if kind not in READERS:
            raise ValueError(f"a BSON value of the unknown type {kind:#04x}")
        name = content[at + 1 : name_end].decode()
        values[name], at = READERS[kind](content, name_end + 1)
    return values, end


def _array(content: bytes, at: int) -> tuple[list[Any], int]:
    values, end = _document(content, at)
    return list(values.values()), end


def _text(content: bytes, at: int) -> tuple[str, int]:
    end = at + 4 + length_at(content[at : at + 4])
    return content[at + 4 : end - 1].decode(), end


def _binary(content: bytes, at: int) -> tuple[bytes, int]:
    end = at + 5 + length_at(content[at : at + 4])
    return content[at + 5 : end], end


def _fixed(code: str) -> Read:
    size = struct.calcsize(code)
    return lambda content, at: (struct.unpack_from(code, content, at)[0], at + size)


READERS: dict[int, Read] = {
    0x01: _fixed("<d"),
    0x02: _text,
    0x03: _document,
    0x04: _array,
    0x05: _binary,
    0x07: lambda content, at: (content[at : at + 12].hex(), at + 12),
    0x08: _fixed("<?"),
    0x09: _fixed("<q"),
    0x0A: lambda content, at: (None, at),
    0x10: _fixed("<i"),
    0x11: _fixed("<Q"),
    0x12: _fixed("<q"),
}
