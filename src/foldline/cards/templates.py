"""Templates of paths, as cards write them: `train/{id}.jpg`, `{chain}/{image}`, `{id[0]}/{id}.npy`."""

import re
import string
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

FIELD = re.compile(r"(?P<column>[^\[\]]+)(\[(?P<character>-?\d+)\])?")


@dataclass(frozen=True)
class Piece:
    """Literal text, then a column's value (None at the end of a template) or one character of it."""

    literal: str
    column: str | None
    character: int | None


def parse_template(template: str) -> tuple[Piece, ...]:
    """Raises ValueError when `template` names no column, or more of one than its value or a character of it."""
    pieces = tuple(_piece(*parsed) for parsed in string.Formatter().parse(template))
    if all(piece.column is None for piece in pieces):
        raise ValueError("it names no column, so that every row would have the same image: write `folder/{id}.jpg`")
    return pieces


def _piece(literal: str, field: str | None, format_spec: str | None, conversion: str | None) -> Piece:
    if field is None:
        return Piece(literal, None, None)
    parsed = FIELD.fullmatch(field)
    if parsed is None or format_spec or conversion:
        raise ValueError("between braces it takes a column, {id}, or a character of one, {id[0]}")
    character = parsed["character"]
    return Piece(literal, parsed["column"], None if character is None else int(character))


def _validated(template: str) -> str:
    parse_template(template)
    return template


Template = Annotated[str, AfterValidator(_validated)]
