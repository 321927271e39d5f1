"""The columns of a card's source (cards/sources.py): those of its file, and what its further steps add and rename."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from foldline.archive.archives import Archives
from foldline.archive.tables import read_header, refuse_absent_columns
from foldline.card.sources import (
    Drop,
    Extract,
    File,
    Headerless,
    Join,
    Keep,
    NameOfOne,
    Paths,
    Rename,
    Replace,
    Step,
    Substitute,
)
from foldline.competition.layout_parts import Wanted
from foldline.files.refusal import Refusal, listed

LINE, ROW = "line", "row"
"""Columns that every source has, unless its file has such ones itself: the number of the line, from 1 and from 0."""


def files_of(source: Sequence[Step]) -> list[str]:
    """By name; those that fit a pattern by that."""
    named_ones = (step for step in source if isinstance(step, Paths | File | Headerless | Join))
    return [step.pattern if isinstance(step, Paths) else step.name for step in named_ones]


def named(source: Sequence[Step]) -> str:
    """The files of a source, for messages."""
    return ", ".join(f"`{name}`" for name in files_of(source))


def file_columns(archives: Archives, step: File | Headerless | Join) -> tuple[str, ...]:
    return step.columns if isinstance(step, Headerless) else read_header(archives, step.name)


def columns_after(archives: Archives, header: Sequence[str], source: Sequence[Step], fact: str) -> tuple[str, ...]:
    """The columns that a source has to offer when its file has those of `header`.

    Raises Refusal for a step that names a column which is not there, or joins a table that has none in common.
    """
    found = [*header, LINE, ROW]
    for number, step in enumerate(source[1:], 1):
        here, so_far = f"{fact}[{number}]", f"{archives.folder}: {named(source[:number])}"
        match step:
            case File() | Headerless():
                others = file_columns(archives, step)
                if not set(others) & set(found):
                    raise Refusal(
                        f"{archives.folder}: `{step.name}` has no column in common with {named(source[:number])}: it "
                        f"has {listed(others, 20)}, there are {listed(found, 20)}. Join it by columns of other names: "
                        f"{{kind: join, name: {step.name}, on: {{theirs: its}}}}."
                    )
                found += others
            case Join():
                others = file_columns(archives, step)
                refuse_absent_columns([(f"{here}.on", name) for name in step.on], found, so_far)
                refuse_absent_columns(
                    [(f"{here}.on", name) for name in step.on.values()], others, f"{archives.folder}: `{step.name}`"
                )
                found += others
            case Rename() | NameOfOne():
                refuse_absent_columns([(f"{here}.columns", name) for name in step.columns], found, so_far)
                is_rename = isinstance(step, Rename)
                found = _renamed(found, step.columns, here) if is_rename else _with([step.into], found, header, here)
            case Replace():
                refuse_absent_columns([(f"{here}.column", name) for name in step.column], found, so_far)
            case Keep() | Drop() | Extract() | Substitute():
                refuse_absent_columns([(f"{here}.column", step.column)], found, so_far)
                found = _with(_groups(step), found, header, here)
    of_files = [name for name in found if name not in (LINE, ROW) or name in header]
    return tuple(dict.fromkeys([*of_files, LINE, ROW]))


def needed_columns(archives: Archives, header: Sequence[str], source: Sequence[Step], wanted: Wanted) -> set[str]:
    """What has to be read: the wanted columns, those that steps name, and those that several files have."""
    needed = {column for _, column in wanted}
    holders = Counter(header)
    for step in source[1:]:
        match step:
            case File() | Headerless():
                holders.update(file_columns(archives, step))
            case Join():
                needed.update(step.on)
            case Rename() | NameOfOne():
                needed.update(step.columns)
                holders.update([step.into] if isinstance(step, NameOfOne) else [])
            case Replace():
                needed.update(step.column)
            case Keep() | Drop() | Extract() | Substitute():
                needed.add(step.column)
                holders.update(_groups(step))
    return needed | {name for name, count in holders.items() if count > 1}


def _groups(step: Keep | Drop | Extract | Substitute) -> tuple[str, ...]:
    """The columns that it makes."""
    return tuple(re.compile(step.pattern).groupindex) if isinstance(step, Extract) else ()


def _with(names: Sequence[str], found: Sequence[str], header: Sequence[str], fact: str) -> list[str]:
    # The numbers of lines give way to columns of their name.
    taken = [name for name in names if name in found and (name not in (LINE, ROW) or name in header)]
    if taken:
        raise Refusal(
            f"The card's {fact} makes a column {listed(taken)}, but there is one already. Found {listed(found, 20)}. "
            "Choose another name in the card."
        )
    return [*found, *names]


def _renamed(found: Sequence[str], names: Mapping[str, str], fact: str) -> list[str]:
    renamed = [names.get(name, name) for name in found]
    taken = [name for name in names.values() if renamed.count(name) > 1]
    if taken:
        raise Refusal(
            f"The card's {fact}.columns gives two columns the name {listed(taken)}. Found {listed(found, 20)}. Correct "
            "the card."
        )
    return renamed
