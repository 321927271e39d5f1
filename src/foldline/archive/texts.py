"""Bytes and values as text: encodings, json, and what a csv would write."""

import json
from decimal import Decimal
from typing import Any

import numpy as np

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
EXACT = 2.0**63
"""Below it a whole number is written with all of its digits."""
LONGEST_BYTES = 1001
"""Of bytes that are no text, such as an image's, so many are shown: more than an id may have."""


def encoding_of(content: bytes, said: str | None = None) -> str:
    """UTF-8, UTF-16 by its byte order mark, else cp1252 (Windows in the west), which nothing marks."""
    if said is not None:
        return said
    if content.startswith(UTF_16):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def decoded(content: bytes, said: str | None = None) -> str:
    """The text of `content`, whatever its encoding; an undefined byte becomes U+FFFD."""
    return content.decode(encoding_of(content, said), "replace")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"an object has the key {key!r} twice")
        found[key] = value
    return found


AS_WRITTEN = json.JSONDecoder(
    parse_int=str,
    parse_float=lambda number: number.removesuffix(".0"),
    parse_constant=lambda name: None if name == "NaN" else name,
    object_pairs_hook=_object,
)
"""Json whose numbers are text as it stands there, 0.10 and 9007199254740993; but 7.0 is 7: so libraries write the whole
numbers of a column with gaps. Raises ValueError for anything else, and for an object that has a key twice."""


def parsed_json(content: bytes, said: str | None = None) -> Any:
    """Json `AS_WRITTEN`, in any of these encodings."""
    return AS_WRITTEN.decode(decoded(content, said))


def as_text(value: Any) -> str:
    """A value of json, parquet or another typed format as a csv would write it: text as it is, what is missing as the
    empty text, a whole number without a decimal point, a list as its items with spaces between."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        return " ".join(as_text(item) for item in value)
    if value is None or value != value:  # NaN, NaT
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, bytes):
        return value[:LONGEST_BYTES].decode("utf-8", "backslashreplace")  # different bytes stay so
    if isinstance(value, float | np.floating) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))  # of a column of integers with gaps
    return format(value, "f") if isinstance(value, Decimal) else str(value)
