"""Bytes and values as text: encodings, json, and what a csv would write."""

import json
import re
from typing import Any

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
INTEGER = re.compile(r"^(-?\d+)\.0$")


def encoding_of(content: bytes) -> str:
    """UTF-8, UTF-16 by its byte order mark, else cp1252 (Windows in the west), which nothing marks."""
    if content.startswith(UTF_16):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def decoded(content: bytes) -> str:
    """The text of `content`, whatever its encoding; an undefined byte becomes U+FFFD."""
    return content.decode(encoding_of(content), "replace")


def parsed_json(content: bytes) -> Any:
    """JSON in any of these encodings. Raises ValueError for anything else."""
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        return json.loads(decoded(content))


def as_text(value: Any) -> str:
    """A value of JSON or parquet as a csv would write it; a list as its items with spaces between."""
    if isinstance(value, list):
        return " ".join(as_text(item) for item in value)
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    # An integer column with missing values is one of floats.
    return INTEGER.sub(r"\1", str(value))
