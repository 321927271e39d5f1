"""Text of files whose encoding nobody tells."""

import json
from typing import Any

UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def encoding_of(content: bytes) -> str:
    """UTF-8, UTF-16 with its byte order mark, else what Windows writes in the west, which nothing marks."""
    if content.startswith(UTF_16):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def decoded(content: bytes) -> str:
    """The text of `content`, whatever its encoding; a byte that stands for nothing is shown as such."""
    return content.decode(encoding_of(content), "replace")


def parsed_json(content: bytes) -> Any:
    """Raises ValueError for what is no json, whatever its encoding."""
    try:
        return json.loads(content)
    except UnicodeDecodeError:
        return json.loads(decoded(content))
