"""Where the columns of a layout's part come from: a file, or the paths that fit a pattern; and in a list what is done
to the lines, one after the other.

`train.csv`, or `[train.csv, {kind: keep, column: view, values: [frontal]}]`.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from foldline.card.target import ColumnNames, Label
from foldline.card.templates import as_list
from foldline.params.section import Section


class File(Section):
    """Written as its name alone. The first of a list; a later one's columns join those of the lines that agree in all
    the columns which both have: `[photo_to_business.csv, train.csv]`."""

    kind: Literal["file"]
    name: str


class Paths(Section):
    """Written as its pattern alone, the first of a walk's list: a line per file, its named groups are the columns."""

    kind: Literal["paths"]
    pattern: str


class Headerless(Section):
    """As `File`, for a table whose first line is no header:
    `{kind: headerless, name: list.txt, columns: [path, label]}`."""

    kind: Literal["headerless"]
    name: str
    columns: Annotated[tuple[str, ...], Field(min_length=1)]


class Join(Section):
    """The columns of a table in which the same things have other names: `{kind: join, name: patients.csv, on:
    {image: file_name}}`, the lines' own column first."""

    kind: Literal["join"]
    name: str
    on: Annotated[dict[str, str], Field(min_length=1)]


class Keep(Section):
    """The lines with one of these values, no others: `{kind: keep, column: view, values: [frontal]}`."""

    kind: Literal["keep"]
    column: str
    values: Annotated[tuple[Label, ...], Field(min_length=1)]


class Drop(Section):
    """The lines without any of these values: `{kind: drop, column: label, values: [""]}`."""

    kind: Literal["drop"]
    column: str
    values: Annotated[tuple[Label, ...], Field(min_length=1)]


class Replace(Section):
    """Other texts in a column, or in each of a list of them, as the submission writes the labels: `{kind: replace,
    column: animal, values: {cat: 0, dog: 1}}`. A value that is not named stays as it is."""

    kind: Literal["replace"]
    column: Annotated[ColumnNames, BeforeValidator(as_list)]
    values: Annotated[dict[Label, Label], Field(min_length=1)]


def regular(pattern: str) -> str:
    """Raises ValueError unless `pattern` is a regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"it is not a regular expression ({error})") from None
    return pattern


class Substitute(Section):
    r"""Another text for every part of a column's texts that a regular expression finds, as the submission writes the
    labels: `{kind: substitute, column: word, pattern: ' ', by: _}`, `{..., pattern: '^', by: class_}`. `by` may name
    groups of the pattern: `\1`."""

    kind: Literal["substitute"]
    column: str
    pattern: Annotated[str, AfterValidator(regular)]
    by: Label

    @model_validator(mode="after")
    def _names_groups(self) -> "Substitute":
        try:
            re.compile(self.pattern).sub(self.by, "")
        except (re.error, IndexError) as error:
            raise ValueError(
                f"`by` is {self.by!r}, which does not fit the pattern {self.pattern!r} ({error})"
            ) from None
        return self


class NameOfOne(Section):
    """A column that names the one of several which is 1, where a table has a column of 0 and 1 per class:
    `{kind: one_hot, columns: [MEL, NV, BCC], into: label}`."""

    kind: Literal["one_hot"]
    columns: Annotated[ColumnNames, Field(min_length=2)]
    into: str


class Rename(Section):
    """Other names of columns, as the sample submission has them: `{kind: rename, columns: {X4_mean: X4}}`."""

    kind: Literal["rename"]
    columns: Annotated[dict[str, str], Field(min_length=1)]


def compiled(pattern: str) -> str:
    """Raises ValueError unless `pattern` is a regular expression with named groups."""
    if not re.compile(regular(pattern)).groupindex:
        raise ValueError("it names no group: write `train/(?P<label>[^/]+)/(?P<name>[^/]+)`")
    return pattern


class Extract(Section):
    r"""Columns from parts of a text, the named groups of a regular expression that the whole of it fits:
    `{kind: extract, column: image, pattern: '(?P<patient>\d+)_(?P<eye>left|right)'}`."""

    kind: Literal["extract"]
    column: str
    pattern: Annotated[str, AfterValidator(compiled)]


ToColumns = Extract | Replace | Substitute | NameOfOne | Rename
ToLines = File | Headerless | Join | Keep | Drop | ToColumns
Step = Paths | ToLines


def _spelled_out(value: Any) -> Any:
    steps = value if isinstance(value, list | tuple) else [value]
    if any(not isinstance(step, str | dict | Section) for step in steps):
        raise ValueError("it is a file's name, or a list of that and of what is done to its lines")
    return tuple({"kind": "file", "name": step} if isinstance(step, str) else step for step in steps)


def _beginning_with_a_pattern(value: Any) -> Any:
    steps = value if isinstance(value, list | tuple) else [value]
    if not steps or not isinstance(steps[0], str):
        raise ValueError("it is a regular expression, or a list of that and of what is done to its lines")
    following = _spelled_out(steps[1:])
    if any(isinstance(step, dict) and step.get("kind") == "paths" for step in following):
        raise ValueError(
            "it has a pattern after the first, but a walk has one: write a list of parts, each with its own"
        )
    return ({"kind": "paths", "pattern": compiled(steps[0])}, *following)


def _beginning_with_a_file(steps: tuple[ToLines, ...]) -> tuple[ToLines, ...]:
    if not steps or not isinstance(steps[0], File | Headerless):
        raise ValueError("the first of a list is the name of a file")
    return steps


Source = Annotated[
    tuple[Annotated[ToLines, Field(discriminator="kind")], ...],
    BeforeValidator(_spelled_out),
    AfterValidator(_beginning_with_a_file),
]


Walked = Annotated[tuple[Annotated[Step, Field(discriminator="kind")], ...], BeforeValidator(_beginning_with_a_pattern)]


def first_pattern(walked: Sequence[Step]) -> str:
    """The regular expression that the lines' paths fit."""
    first = walked[0]
    assert isinstance(first, Paths), "validated"
    return first.pattern


def first_file(source: Sequence[Step]) -> File | Headerless:
    """The file that the lines come from."""
    first = source[0]
    assert isinstance(first, File | Headerless), "validated"
    return first
