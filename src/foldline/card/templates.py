"""Templates of paths and ids, as cards write them: `train/{id}.jpg`, `{chain}/{image}`, `{id[0]}/{id:05}.npy`."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import pandas as pd
from pydantic import AfterValidator, BeforeValidator, Field

FIELD = re.compile(r"(?P<column>[^\[\]]+?)(\[(?P<character>-?\d+)\])?(\.(?P<part>stem|head|tail))?")
SUFFIX = re.compile(r"(?<=[^/])\.[^./]+$")
DIGITS = re.compile(r"(0(?P<digits>[1-9]\d?))?")


@dataclass(frozen=True)
class Piece:
    """Literal text, then a column's value (None at the end of a template) or a part of it."""

    literal: str
    column: str | None = None
    character: int | None = None
    """Only this one."""
    part: str | None = None
    """`stem`: a file name without its suffix, `a.jpg` is `a`. `head`, `tail`: what is before or after the last `_`."""
    digits: int = 0
    """Zeros in front make it at least so long."""


def parse_template(template: str) -> tuple[Piece, ...]:
    """Raises ValueError when `template` names no column, or more of one than its value or a part of it."""
    try:
        parsed = list(string.Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"its braces do not match ({error}): write `folder/{{id}}.jpg`") from None
    pieces = tuple(_piece(*parts) for parts in parsed)
    if all(piece.column is None for piece in pieces):
        raise ValueError("it names no column, so that it would be the same for every row: write `folder/{id}.jpg`")
    return pieces


def parse_id(template: str) -> tuple[Piece, ...]:
    """As `parse_template`; text without braces is a column's name."""
    return parse_template(template) if "{" in template else (Piece("", template),)


def _piece(literal: str, field: str | None, format_spec: str | None, conversion: str | None) -> Piece:
    if field is None:
        return Piece(literal)
    parsed, zeros = FIELD.fullmatch(field), DIGITS.fullmatch(format_spec or "")
    if parsed is None or zeros is None or conversion:
        raise ValueError(
            "between braces it takes a column, {id}, or a part of one: a character {id[0]}, a file name without its "
            "suffix {id.stem}, what is before or after its last `_` {id.head} {id.tail}, a number with zeros in front "
            "{id:05}"
        )
    character = parsed["character"]
    digits = int(zeros["digits"] or 0)
    return Piece(literal, parsed["column"], None if character is None else int(character), parsed["part"], digits)


def columns_of(pieces: Sequence[Piece]) -> tuple[str, ...]:
    return tuple(piece.column for piece in pieces if piece.column is not None)


def filled(pieces: Sequence[Piece], table: pd.DataFrame) -> pd.Series:
    """A template's `pieces` with the columns' values, a text per line of `table`."""
    texts = pd.Series("", index=table.index, dtype="str")
    for piece in pieces:
        texts = texts + piece.literal
        if piece.column is not None:
            texts = texts + _part(table[piece.column], piece)
    return texts


def _part(values: pd.Series, piece: Piece) -> pd.Series:
    if piece.part == "stem":
        # Of a path as Windows writes it, the stem is spelt as the path will be.
        values = values.str.replace("\\", "/", regex=False).str.replace(SUFFIX, "", regex=True)
    elif piece.part is not None:
        values = values.str.rpartition("_")[0 if piece.part == "head" else 2]
    if piece.character is not None:
        values = values.str.get(piece.character).fillna("")
    return values.str.zfill(piece.digits)


def _validated(template: str) -> str:
    parse_template(template)
    return template


def as_list(value: Any) -> Any:
    """One item may stand for a list of it."""
    return value if isinstance(value, list | tuple) else [value]


def _validated_id(template: str) -> str:
    parse_id(template)
    return template


Template = Annotated[str, AfterValidator(_validated)]
Templates = Annotated[tuple[Template, ...], BeforeValidator(as_list), Field(min_length=1)]
"""One, or a list of them."""
IdTemplate = Annotated[str, AfterValidator(_validated_id)]
