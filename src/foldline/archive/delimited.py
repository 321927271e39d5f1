"""Tables of lines with a separator: every line becomes part of a row or is refused, and what is odd is said."""

import csv
import io
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from foldline.archive.budgets import refuse_cells
from foldline.files.refusal import Curable, listed, shortened

SEPARATORS = ("\t", ",", ";", "|", " ")
"""The first of these that is in the first line, outside of quotes: texts in a tsv have commas, those in a csv hardly
ever tabs."""
QUOTED = re.compile(r'(?:^|(?<=[\t,;| ]))"(?:[^"]|"")*"')
WHOLE_LINES = "\x1e"
"""A separator that no text contains: with a single column name, a csv without a header is read as whole lines."""
SHOWN, WIDTH = 3, 60
ALIKE = (re.compile(r"\d+"), "0"), (re.compile(r"[^\W\d_]+"), "a")
"""What makes ids of one form alike: ISIC_0012 and ISIC_7."""
UNCLOSED = "unexpected end"
"""csv's words."""
LITERAL = "write {kind: file, name: ..., quotes: literal} instead of its name in the card"
csv.field_size_limit(sys.maxsize)  # a field may be an image


@dataclass(frozen=True)
class Spelling:
    """How a table of text is written, as far as a card says so."""

    names: Sequence[str] | None = None
    """Of the columns of a csv without a header."""
    encoding: str | None = None
    quotes: Literal["around", "literal"] | None = None
    """`around`: a field in quotes may hold line ends. `literal`: a quote is a character as any other. None: as
    `around`, but lines that look like rows are refused in a field."""


PLAIN = Spelling()
"""The file itself says all."""


@dataclass
class Count:
    """What became of the lines of a file."""

    lines: int = 0
    short: list[int] = field(default_factory=list)
    blank: list[int] = field(default_factory=list)
    joined: list[int] = field(default_factory=list)
    """The last of each field's."""
    torn: list[int] = field(default_factory=list)

    def doubts(self) -> Iterator[str]:
        """What a person should know, a sentence each."""
        for found, one, several, what in (
            (self.short, "lacks", "lack", "fields, which count as empty. Is the file whole?"),
            (self.blank, "is", "are", "blank and no row: the rows after it have lower numbers than their lines."),
            (self.joined, "ends", "end", "a field in quotes that began in an earlier line: these are one row."),
            (self.torn, "has", "have", "text after a closing quote: `quotes: literal` would keep such quotes."),
        ):
            if found:
                yield f"line {listed(found, SHOWN)} {one if len(found) == 1 else several} {what}"


class Delimited:
    """A csv or its like, read once from its beginning to its end."""

    def __init__(self, content: bytes, encoding: str, spelling: Spelling) -> None:
        """Raises ValueError for bytes that are not text in `encoding`."""
        self.count, self._taken, self._bytes = Count(), list[str](), len(content)
        text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
        first = next((line for line in self._counted(text) if line.strip()), "")
        self.count.lines -= 1  # it is read again
        is_whole = spelling.names is not None and len(spelling.names) == 1
        bare = first if spelling.quotes == "literal" else QUOTED.sub("", first)
        found = next((separator for separator in SEPARATORS if separator in bare), ",")
        self.separator = WHOLE_LINES if is_whole else found
        self._quotes = spelling.quotes
        self._reader = self._read(self._counted(chain([first], text)), strict=True)
        self.first = self._next() or []

    def _counted(self, text: Iterable[str]) -> Iterator[str]:
        for line in text:
            self.count.lines += 1
            self._taken.append(line)
            yield line

    def _read(self, lines: Iterable[str], strict: bool = False) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            delimiter=self.separator,
            skipinitialspace=self.separator == " ",  # text aligned in columns has several spaces between fields
            quoting=csv.QUOTE_NONE if self._quotes == "literal" else csv.QUOTE_MINIMAL,
            strict=strict,
        )

    def rows(self) -> Iterator[list[str]]:
        """From the first on, each with as many fields as that; empty ones at the end of a line are ignored.

        Raises ValueError for a line with more, and for a quote that swallows lines.
        """
        most, fields = len(self.first), self.first
        blank: list[int] = []
        while fields is not None:
            if len(fields) < 2 and not "".join(fields).strip() and (most > 1 or not fields):
                blank.append(self.count.lines)
            else:
                self.count.blank += blank  # those at the end are no news
                blank = []
                yield self._filled(fields, most)
            fields = self._next()

    def _filled(self, fields: list[str], most: int) -> list[str]:
        if len(fields) < most:
            self.count.short.append(self.count.lines)
            refuse_cells(self._bytes, len(self.count.short), most)
            fields += [""] * (most - len(fields))
        if any(fields[most:]):
            raise Curable(
                f"line {self.count.lines} has {len(fields)} fields, the first line {most}: {listed(fields, 8)}. "
                f"Put a field that holds {self.separator!r} in quotes, or name a single column of kind "
                "`headerless`, which reads whole lines"
            )
        return fields[:most]

    def _next(self) -> list[str] | None:
        """None at the end."""
        self._taken = []
        try:
            fields, is_torn = next(self._reader, None), False
        except csv.Error as error:
            if str(error).startswith(UNCLOSED):
                raise Curable(
                    f"a quote in line {self._began()} is never closed. If the file is whole, a quote is a character of "
                    f"its text: {LITERAL}"
                ) from None
            fields, is_torn = next(self._read(self._taken)), True
        if fields is not None and (is_torn or len(self._taken) > 1):
            self._refuse_swallowed(fields, is_torn)
            (self.count.torn if is_torn else self.count.joined).append(self.count.lines)
        return fields

    def _began(self) -> int:
        return self.count.lines - len(self._taken) + 1

    def _refuse_swallowed(self, fields: list[str], is_torn: bool) -> None:
        swallowed = next((line for line in self._taken[1:] if is_torn or self._is_row(line, fields)), None)
        if self._quotes is None and swallowed is not None:
            raise Curable(
                f"a quote in line {self._began()} takes the lines up to {self.count.lines} into one field, such as "
                f"{shortened(swallowed.strip(), WIDTH)!r}. Where a quote is a character of the text, {LITERAL}; where "
                "the field does hold these lines, write `quotes: around`"
            )

    def _is_row(self, line: str, fields: list[str]) -> bool:
        """Whether a line within a field looks like a row of its own."""
        found = next(self._read([line]), [])
        return len(found) == len(fields) and _form(found[0]) == _form(fields[0]) and any(map(str.isdigit, found[0]))


def _form(text: str) -> str:
    for pattern, sign in ALIKE:
        text = pattern.sub(sign, text)
    return text
