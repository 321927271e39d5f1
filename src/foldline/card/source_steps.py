"""What a source may consist of: files, a pattern of paths, and functions of one's own; a class each."""

from __future__ import annotations

import codecs
import re
from typing import Annotated, Any, Literal

import pandas as pd
from pydantic import AfterValidator, Field

from foldline.archive.archives import Archives
from foldline.archive.budgets import refuse_join
from foldline.archive.delimited import Spelling
from foldline.archive.tables import add_doubt, described_lines, read_header, read_table, refuse_empty_table
from foldline.archive.texts import as_text
from foldline.files.places import CARDS
from foldline.files.refusal import Refusal, listed
from foldline.params.own import CardFile, blamed, load_own
from foldline.params.section import Section

PLACE = "#"
"""The column by which lines that come back from a function of one's own are known."""
ADDRESS = "#address"
"""The column of the image's address where it is known from the start; no function of one's own sees it."""
SHOWN = 3


def known_encoding(name: str) -> str:
    """Raises ValueError for a name that Python does not know."""
    try:
        codecs.lookup(name)
    except LookupError:
        raise ValueError(f"Python knows no encoding {name!r}: write cp1252, gbk, shift_jis, big5, euc_kr") from None
    return name


EncodingName = Annotated[str, AfterValidator(known_encoding)]


class Step(Section):
    """What a source may consist of."""

    name: str

    @property
    def shown(self) -> str:
        return self.name

    def applied(self, archives: Archives, lines: pd.DataFrame) -> pd.DataFrame:
        """`lines` and what it adds or changes; their index says where each comes from."""
        raise NotImplementedError


class TableFile(Step):
    """A table; after the first of a list its columns join those of the lines that agree in all columns of both.

    `{kind: file, name: train.csv, encoding: gbk, quotes: literal}`, each of the two where the file alone does not say.
    """

    encoding: EncodingName | None = None
    """What the table's text is written in: a name that Python knows, such as shift_jis. Where there is none: UTF-8,
    else what fits; a file that may be read in several ways is refused, and asks for it."""
    quotes: Literal["around", "literal"] | None = None
    """Of a csv. `around`: a field in quotes may hold line ends. `literal`: a quote is a character as any other. Where
    there is none: as `around`, but refused where lines in quotes look like rows."""

    @property
    def names(self) -> tuple[str, ...] | None:
        """Of the columns of a table without a header."""
        return None

    @property
    def spelling(self) -> Spelling:
        return Spelling(self.names, self.encoding, self.quotes)

    def header(self, archives: Archives) -> tuple[str, ...]:
        return self.names or read_header(archives, self.name, self.spelling)

    def read(self, archives: Archives) -> pd.DataFrame:
        """All its lines, text. Raises Refusal where there are none."""
        table = read_table(archives, self.name, self.spelling)
        refuse_empty_table(archives, table, self.name)
        return table

    def applied(self, archives: Archives, lines: pd.DataFrame) -> pd.DataFrame:
        """Every line, once for each of the table's lines that agree; empty text where none does."""
        table = self.read(archives)
        on = [str(name) for name in lines if name in table]
        if not on:
            raise Refusal(
                f"{archives.folder}: `{self.name}` has no column in common with the lines before it: it has "
                f"{listed(table, 20)}, there are {listed(lines, 20)}. Join it by columns of other names in a function "
                "of your own (docs/own-code.md)."
            )
        cure = "Join it by what tells them apart in a function of your own (docs/own-code.md)."
        refuse_join(f"{archives.folder}: `{self.name}`", lines, table, on, cure)
        merged = lines.reset_index(names=PLACE).merge(table, "left", on, indicator="#found")
        alone = merged.loc[merged["#found"] != "both", on]
        if len(alone) == len(merged):
            raise Refusal(
                f"{archives.folder}: no line of `{self.name}` agrees with one before it in {listed(on)}: there it is "
                f"{listed(table[on[0]], SHOWN)}, before {listed(lines[on[0]], SHOWN)}. Join by other columns, or make "
                "them alike, in a function of your own (docs/own-code.md)."
            )
        if len(alone):
            some = listed(alone.drop_duplicates().agg(", ".join, axis=1), SHOWN)
            add_doubt(
                archives,
                self.name,
                f"{len(alone):,} of {len(lines):,} lines that it joins agree with none of its lines in {listed(on)}, "
                f"and get empty fields: {some}.",
            )
        merged.index = pd.Index(merged[PLACE].to_numpy(), name=lines.index.name)
        return merged.drop(columns=[PLACE, "#found"]).fillna("").astype("str")


class File(TableFile):
    """Written as its name alone, where nothing else is to be said."""

    kind: Literal["file"]


class Headerless(TableFile):
    """A table without a header: `{kind: headerless, name: list.txt, columns: [path, label]}`."""

    kind: Literal["headerless"]
    columns: Annotated[tuple[str, ...], Field(min_length=1)]

    @property
    def names(self) -> tuple[str, ...] | None:
        return self.columns


class OwnTable(Step):
    """A function of one's own: `{kind: python, file: NAME.py, name: lines}`, from a file next to the card.

    It is called with the lines so far, a pandas frame of text (an empty field is the empty text), and with `read`:
    `read("other.csv")` is another table of the competition as such a frame, `read("list.txt", ["path", "label"])` one
    without a header. It returns the frame that replaces it. Numbers and truth values become text, what is missing
    the empty text. The column `#` tells each line's number, and has to come back with it.
    """

    kind: Literal["python"]
    file: CardFile
    lines: Literal["all", "fewer", "any"] = "all"
    """Which lines may come back: `all`, each once; `fewer`, some of them; `any`, some of them, and several times."""

    @property
    def shown(self) -> str:
        return f"{self.file}:{self.name}"

    def load(self) -> Any:
        """Raises Refusal where there is no such function."""
        return load_own(CARDS / self.file, self.name)

    def applied(self, archives: Archives, lines: pd.DataFrame) -> pd.DataFrame:
        hidden = [ADDRESS] if ADDRESS in lines else []
        given = lines.drop(columns=hidden).reset_index(drop=True)
        given[PLACE] = given.index.astype("str")
        function = self.load()
        with blamed(CARDS / self.file, self.name):
            found = function(given, lambda name, columns=None: read_table(archives, name, Spelling(columns)))
        positions = self._positions(found, lines.index)
        texts = found.drop(columns=PLACE).astype(object)
        texts = texts.where(texts.notna(), None).map(as_text).astype("str").set_axis(lines.index[positions])
        return texts.assign(**{name: lines[name].iloc[positions].to_numpy() for name in hidden})

    def _positions(self, found: Any, index: pd.Index) -> "list[int]":
        """Of the lines that came back. Raises Refusal for what is no such frame, and for lines that may not be so."""
        if not isinstance(found, pd.DataFrame):
            raise self._refusal(f"returned {type(found).__name__} instead of a pandas frame")
        names = [str(name) for name in found]
        if PLACE not in names or len(set(names)) < len(names):
            wrong = (
                "without the column `#`, which tells each line's number" if PLACE not in names else "with some twice"
            )
            raise self._refusal(f"returned columns {wrong}: {listed(names, 20)}")
        known = {str(position): position for position in range(len(index))}
        unknown = [position for position in found[PLACE] if position not in known]
        if unknown or found.empty:
            what = f"changed the column `#`, found {listed(map(repr, unknown))}" if unknown else "returned no line"
            raise self._refusal(what)
        positions = [known[position] for position in found[PLACE]]
        lost, repeated = sorted({*known.values()}.difference(positions)), found[PLACE].duplicated()
        if lost and self.lines == "all":
            where = described_lines(index[lost], 5)
            raise self._refusal(
                f"returned {len(set(positions))} of {len(index)} lines, without those {where}. Return all, or write "
                "`lines: fewer` after its name in the card"
            )
        if repeated.any() and self.lines != "any":
            where = described_lines(index[[known[position] for position in found.loc[repeated, PLACE]]], 5)
            raise self._refusal(
                f"returned lines several times: those {where}. Return each once, or write `lines: any` after its name "
                "in the card"
            )
        return positions

    def _refusal(self, what: str) -> Refusal:
        return Refusal(f"{CARDS / self.file}: `{self.name}` {what}.")


def compiled(pattern: str) -> str:
    """Raises ValueError unless `pattern` is a regular expression with named groups."""
    if not re.compile(regular(pattern)).groupindex:
        raise ValueError("it names no group: write `train/(?P<label>[^/]+)/(?P<name>[^/]+)`")
    return pattern


def regular(pattern: str) -> str:
    """Raises ValueError unless `pattern` is a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"it is not a regular expression ({error})") from None
    return pattern


class Paths(Step):
    """Written as its pattern alone, the first of a walk's list: a line per file, its named groups are the columns."""

    kind: Literal["paths"]
    name: Annotated[str, AfterValidator(compiled)]
