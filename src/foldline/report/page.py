"""A page for people: one file that needs no network, for a keyboard and a phone, light and dark.

A page is sections, a section is parts, and each part is drawn by the macro of page.html that is called as it is.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from foldline.files.whole_files import write_text
from foldline.report.pictures import Pictures
from foldline.report.vega import vega_script

NUMBER = re.compile(r"[-+]?\d[\d,.]*(e[-+]?\d+)?( ?[%±].*| \.\. .*| of .*| [a-zA-Z]{1,3})?")
UNKNOWN = "\N{EN DASH}"


@dataclass(frozen=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Cell:
    """Of a table, where a text alone does not say all."""

    text: str
    tone: str = ""
    """good, bad, quiet or strong."""
    picture: str | None = None
    """Of `Pictures`, before the text."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class Table:
    """A table that scrolls inside itself where a screen is narrow. Columns of numbers stand to the right."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]
    caption: str = ""
    texts: int = 1
    """How many of the first columns are names, even where these are numbers."""

    @property
    def alignments(self) -> list[str]:
        """Of each column: `number` or `text`."""
        return [
            "number" if at >= self.texts and all(_is_number(str(row[at])) for row in self.rows) else "text"
            for at in range(len(self.columns))
        ]


@dataclass(frozen=True)
class Chart:
    """A Vega-Lite chart; colours and fonts are the page's."""

    spec: Mapping[str, Any]
    description: str
    """For who cannot see it."""
    opens: str | None = None
    """The field of its data that names a picture, which a click on a mark opens."""
    caption: str | None = None
    """The field of its data that says what that picture is."""
    half: bool = False
    """Whether two of them stand side by side where a screen is wide."""


@dataclass(frozen=True)
class Curves:
    """A study's curves, which a reader chooses among by the controls of study.js; a page has one at most."""

    data: Mapping[str, Any]
    """cells, lines, axes: what study.js draws."""


@dataclass(frozen=True)
class Figure:
    """A picture and what is said of it."""

    picture: str | None
    """Of `Pictures`; None where there is no room for it."""
    alt: str
    lines: Sequence[str]
    overlays: Sequence[tuple[str, str]] = ()
    """Overlays of `Pictures` and their titles: the picture stands once more under each."""


@dataclass(frozen=True)
class Gallery:
    """Pictures side by side, each of which opens larger."""

    figures: Sequence[Figure]
    title: str = ""
    lede: str = ""
    in_row: int = 0
    """How many stand in a row, where there is room; 0 for as many as fit with their captions."""
    is_captioned: bool = True
    """Else captions are there once a picture is opened."""


@dataclass(frozen=True)
class Galleries:
    """Small ones, side by side where there is room."""

    galleries: Sequence[Gallery]


@dataclass(frozen=True)
class Opening:
    """A cell that opens a gallery in a window of its own."""

    text: str
    share: float
    """Of its row, from 0 to 1: how deep its colour is."""
    label: str
    """For who cannot see where it stands."""
    is_right: bool = False
    gallery: Gallery | None = None


@dataclass(frozen=True)
class Matrix:
    """A square table whose cells open pictures."""

    corner: str
    names: Sequence[str]
    rows: Sequence[Sequence[Opening]]


Part = Words | Table | Chart | Curves | Gallery | Galleries | Matrix


def macro_of(part: Part) -> str:
    """Of page.html."""
    return type(part).__name__.lower()


@dataclass(frozen=True)
class Section:
    anchor: str
    """Its address in the page; what the list of sections calls it."""
    title: str
    """What was found, as a sentence."""
    lede: str
    body: Sequence[Part]


class LeftOut(Exception):
    """Raised instead of a section that cannot be: why, in words, for the foot of the page."""


def gathered(*sections: Callable[[], Section]) -> tuple[list[Section], list[str]]:
    """Those that there are, in their order, and why the others are left out."""
    found, left_out = [], []
    for section in sections:
        try:
            found.append(section())
        except LeftOut as why:
            left_out.append(str(why))
    return found, left_out


@dataclass(frozen=True)
class Key:
    """A number that one looks for first."""

    label: str
    value: str
    note: str = ""


def write_page(
    path: Path,
    title: str,
    summary: str,
    sections: Sequence[Section],
    *,
    keys: Sequence[Key] = (),
    left_out: Iterable[str] = (),
    pictures: Pictures | None = None,
) -> None:
    """left_out: of each section that is not there its name and why, in words."""
    macros = {macro_of(part) for section in sections for part in section.body}
    environment = Environment(
        loader=PackageLoader("foldline", "report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template("page.html").render(
        title=title,
        summary=summary,
        keys=keys,
        sections=sections,
        left_out="; ".join(left_out),
        macros=macros,
        macro_of=macro_of,
        pictures=pictures.data if pictures else {},
        vega=Markup(vega_script() if macros & {"chart", "curves"} else ""),
    )
    write_text(path, page)


def shown(value: float | None, signed: bool = False) -> str:
    """A score, for a person to read."""
    if value is None or math.isnan(value):
        return UNKNOWN
    return f"{value:{'+' if signed else ''}.{5 if abs(value) < 100 else 2}f}"


def toned(gain: float) -> Cell:
    return Cell(shown(gain, True), "good" if gain > 0 else "bad" if gain < 0 else "")


def in_words(name: str) -> str:
    """A name of params.yaml or a card, for a person to read."""
    return name.replace("_", " ")


def _is_number(text: str) -> bool:
    return not text or text == UNKNOWN or NUMBER.fullmatch(text) is not None
