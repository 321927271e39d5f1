"""Bytes and values as text: encodings, json, and what a csv would write."""

import codecs
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import numpy as np

from foldline.archive.encodings import decide
from foldline.files.refusal import Curable, listed

HEAD = 4096
SHOWN_WORDS, WIDTH = 3, 40
WORD = re.compile(r"[^\W\d_]+|[^\x00-\x7f]+")
UTF_16 = (b"\xff\xfe", b"\xfe\xff")
EXACT = 2.0**63
"""Below it a whole number is written with all of its digits."""
TEXT = str | bytes
LONGEST_BYTES = 1001
"""Of bytes that are no text, such as an image's, so many are shown: more than an id may have."""


def encoding_of(content: bytes, said: str | None = None) -> str:
    """What the card says, else UTF-16 or UTF-8, else what is likely. Raises Undecided where that is not known."""
    if content.startswith(UTF_16) and (said is None or codecs.lookup(said).name.startswith("utf-16")):
        return "utf-16"
    if said is not None:
        name = codecs.lookup(said).name
        try:
            content.decode(name)
        except UnicodeDecodeError as error:
            raise Curable(
                f"the card says that its text is in {said}, and it is not ({error}). Correct `encoding`; latin-1 takes "
                "any byte"
            ) from None
        return "utf-8-sig" if name == "utf-8" else name
    head = content[:HEAD]
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):  # of ASCII every other byte is 0
        if head and 2 * head[first::2].count(0) > len(head[first::2]) and 0 not in head[1 - first :: 2]:
            return name
    if b"\0" in content:
        at = content.index(b"\0")
        raise Curable(
            f"it is not text: it begins with {content[:8]!r}, and its byte {at:,} is 0; write it as one of .csv, .tsv, "
            ".json, .parquet"
        )
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return decide(content)
    return "utf-8-sig"


def decoded(content: bytes, said: str | None = None) -> str:
    """The text of `content`. Raises ValueError for bytes that are none in its encoding."""
    return content.decode(encoding_of(content, said))


def assumed(content: bytes, encoding: str) -> Iterator[str]:
    """A sentence on the encoding of a text that nothing marks, where the card does not say it."""
    if not encoding.startswith("utf"):
        words = dict.fromkeys(word for word in WORD.findall(content.decode(encoding, "replace")) if not word.isascii())
        yield (
            f"it is not UTF-8, and was read as {encoding}: {listed(words, SHOWN_WORDS, WIDTH)}. Write its `encoding` "
            "after its name in the card if these are wrong."
        )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"an object has the key {key!r} twice")
        found[key] = value
    return found


class _Decoder(json.JSONDecoder):
    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        try:
            return super().raw_decode(s, idx)
        except RecursionError:
            raise ValueError("its brackets are nested without end") from None


AS_WRITTEN = _Decoder(
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


def items_of(text: str, delimiter: str) -> list[str]:
    """The items of a list in a field, without blanks around them."""
    found = text.split(delimiter)
    if text.startswith('["'):
        with suppress(ValueError):
            found = list(map(as_text, json.loads(text)))
    return [item.strip() for item in found if item.strip()]


def as_text(value: Any) -> str:
    """A value of json, parquet or another typed format as a csv would write it: text as it is, what is missing as the
    empty text, a whole number without a decimal point, a list as its items with spaces between, or as json where one
    of its texts has a space itself."""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        items = [as_text(item) for item in value]
        is_apart = all(len(text.split()) < 2 for item, text in zip(value, items, strict=True) if isinstance(item, TEXT))
        return " ".join(items) if is_apart else json.dumps(items, ensure_ascii=False)
    if value is None or value != value:  # NaN, NaT
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, bytes):
        return value[:LONGEST_BYTES].decode("utf-8", "backslashreplace")  # different bytes stay so
    if isinstance(value, float | np.floating) and value.is_integer() and abs(value) < EXACT:
        return str(int(value))  # of a column of integers with gaps
    return format(value, "f") if isinstance(value, Decimal) else str(value)
