"""The lines of a card's source (cards/sources.py): those of its file, and what its further steps make of them."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.tables import read_table, refuse_absent_columns, refuse_empty_table
from foldline.card.sources import Drop, File, Headerless, Join, Keep, Step, ToColumns, first_file
from foldline.competition.column_steps import changed, refuse_absent_values
from foldline.competition.layout_parts import Wanted
from foldline.competition.step_columns import LINE, ROW, columns_after, file_columns, named, needed_columns
from foldline.files.refusal import Refusal, listed

ADDRESS = "#address"
"""The column of the picture's address where it is known before the steps."""
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


def numbered(lines: pd.DataFrame) -> pd.DataFrame:
    """With the columns `line` and `row`."""
    counted = {LINE: 1, ROW: 0}
    places = {name: (lines.index + first).astype("str") for name, first in counted.items() if name not in lines}
    return lines.assign(**places)


def after_steps(
    archives: Archives, lines: pd.DataFrame, source: Sequence[Step], needed: Iterable[str], fact: str
) -> pd.DataFrame:
    """`lines` after all steps but the first; their index stays."""
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
            case step if isinstance(step, ToColumns):
                lines = changed(lines, step, f"{fact}[{number}]")
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
    merged.index = pd.Index(merged["#"].to_numpy(), name=lines.index.name)
    return merged.drop(columns=["#", "#found"]).fillna("").astype("str")


def _chosen(lines: pd.DataFrame, step: Keep | Drop, fact: str) -> pd.DataFrame:
    values = lines[step.column]
    refuse_absent_values(values, step.values, fact)
    chosen = values.isin(list(step.values)) == isinstance(step, Keep)
    if not chosen.any():
        raise Refusal(f"The card's {fact} leaves no line: all have {listed(step.values)} as `{step.column}`.")
    return lines[chosen]
