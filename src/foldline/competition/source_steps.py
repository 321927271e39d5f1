"""The lines of a card's source (cards/sources.py): those of its file, and what its further steps make of them."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from foldline.archives import Archives
from foldline.cards.sources import Drop, Extract, File, Headerless, Join, Keep, Step, first_file
from foldline.competition.layout_parts import Wanted
from foldline.competition.source_tables import (
    read_header,
    read_table,
    refuse_absent_columns,
    refuse_empty_table,
)
from foldline.refusal import Refusal, listed

LINE, ROW = "line", "row"
"""Columns that every source has, unless its file has such ones itself: the number of the line, from 1 and from 0."""
SHOWN = 3


def read_source(archives: Archives, source: Sequence[Step], wanted: Wanted, fact: str) -> pd.DataFrame:
    """The wanted columns, and others, of the lines of a table: text, by their number in the file, from 0.

    fact: where the card names the source. Raises Refusal for what is not there.
    """
    first = first_file(source)
    header = file_columns(archives, first)
    found = columns_after(archives, header, source, fact)
    refuse_absent_columns(wanted, found, f"{archives.folder}: {named(source)}")
    needed = needed_columns(archives, header, source, wanted)
    names = first.columns if isinstance(first, Headerless) else None
    # Without a column there would be no lines.
    lines = read_table(archives, first.name, names, [name for name in header if name in needed] or list(header[:1]))
    refuse_empty_table(archives, lines, first.name)
    return after_steps(archives, numbered(lines), source, needed, fact)


def files_of(source: Sequence[Step]) -> list[str]:
    return [step.name for step in source if isinstance(step, File | Headerless | Join)]


def named(source: Sequence[Step]) -> str:
    """The files of a source, for messages."""
    return ", ".join(f"`{name}`" for name in files_of(source))


def numbered(lines: pd.DataFrame) -> pd.DataFrame:
    """With the columns `line` and `row`."""
    counted = {LINE: 1, ROW: 0}
    places = {name: (lines.index + first).astype("str") for name, first in counted.items() if name not in lines}
    return lines.assign(**places)


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
            case Keep() | Drop() | Extract():
                refuse_absent_columns([(f"{here}.column", step.column)], found, so_far)
                found += re.compile(step.pattern).groupindex if isinstance(step, Extract) else ()
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
            case Keep() | Drop() | Extract():
                needed.add(step.column)
                holders.update(re.compile(step.pattern).groupindex if isinstance(step, Extract) else ())
    return needed | {name for name, count in holders.items() if count > 1}


def after_steps(
    archives: Archives, lines: pd.DataFrame, source: Sequence[Step], needed: Iterable[str], fact: str
) -> pd.DataFrame:
    """`lines` after all steps but the first; their index stays the number in the first file, from 0."""
    for number, step in enumerate(source[1:], 1):
        match step:
            case File() | Headerless():
                others = file_columns(archives, step)
                lines = _joined(
                    archives, lines, step, {str(name): str(name) for name in lines if name in others}, needed
                )
            case Join():
                lines = _joined(archives, lines, step, step.on, needed)
            case Keep() | Drop():
                lines = _chosen(lines, step, f"{fact}[{number}]")
            case Extract():
                lines = _extracted(lines, step, f"{fact}[{number}]")
    return lines


def _joined(
    archives: Archives,
    lines: pd.DataFrame,
    step: File | Headerless | Join,
    on: Mapping[str, str],
    needed: Iterable[str],
) -> pd.DataFrame:
    """Every line, with the columns of the lines of `step`'s table that agree; empty text where none does."""
    names = step.columns if isinstance(step, Headerless) else None
    others = [name for name in file_columns(archives, step) if name in needed and name not in lines]
    table = read_table(archives, step.name, names, list(dict.fromkeys([*on.values(), *others])))
    table = pd.DataFrame({**{ours: table[its] for ours, its in on.items()}, **{name: table[name] for name in others}})
    merged = lines.reset_index(names="#").merge(table, "left", list(on), indicator="#found")
    if not (merged["#found"] == "both").any():
        raise Refusal(
            f"{archives.folder}: no line of `{step.name}` agrees with one before it in {listed(on)}: there it is "
            f"{listed(table[next(iter(on))], SHOWN)}, before {listed(lines[next(iter(on))], SHOWN)}. Join by other "
            "columns, or make them alike by a step of kind `extract`."
        )
    return merged.set_index("#").rename_axis(None).drop(columns="#found").fillna("").astype("str")


def _chosen(lines: pd.DataFrame, step: Keep | Drop, fact: str) -> pd.DataFrame:
    values = lines[step.column]
    absent = [value for value in step.values if value not in set(values)]
    if absent:
        raise Refusal(
            f"The card's {fact}: no line has {listed(map(repr, absent))} as `{step.column}`, found "
            f"{listed(map(repr, values.unique()))}. Correct the card."
        )
    chosen = values.isin(list(step.values)) == isinstance(step, Keep)
    if not chosen.any():
        raise Refusal(f"The card's {fact} leaves no line: all have {listed(step.values)} as `{step.column}`.")
    return lines[chosen]


def _extracted(lines: pd.DataFrame, step: Extract, fact: str) -> pd.DataFrame:
    values = lines[step.column]
    others = values[~values.str.fullmatch(step.pattern)]
    if len(others):
        raise Refusal(
            f"The card's {fact}: {len(others)} of {len(values)} lines have a `{step.column}` that does not fit "
            f"{step.pattern!r}: {listed(map(repr, others.unique()), SHOWN)}. The whole text must fit: correct "
            "the pattern."
        )
    parts = values.str.extract(rf"\A(?:{step.pattern})\Z").fillna("").astype("str")
    return lines.assign(**{str(name): parts[name] for name in parts})
