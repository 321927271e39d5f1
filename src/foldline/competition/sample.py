"""The sample submission: which rows and columns the grader expects."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.archive.archives import Archives
from foldline.archive.tables import read_columns, read_table, refuse_absent_columns
from foldline.card.sources import LINE, ROW, numbered
from foldline.card.submission import (
    HardLabel,
    InLines,
    Labelled,
    LabelLines,
    Lines,
    LineTable,
    LineTemplate,
    Number,
    Probabilities,
    SetColumns,
    Submission,
)
from foldline.card.templates import filled, parse_template
from foldline.competition.answer_columns import labels_in
from foldline.competition.line_table import look_up
from foldline.competition.sample_header import nameless_columns, sample_columns
from foldline.files.refusal import Refusal, counted, listed

LINES_SHOWN = 100
BLANKS = ("", "nan", "NaN", "NA", "NULL")
"""Where a sample shows nothing."""
WHOLE_NUMBER = re.compile(r"-?\d+")


@dataclass(frozen=True)
class Sample:
    columns: tuple[str, ...]
    """The id and the predicted columns, in the file's order; without the id where that is the number of the line."""
    ids: pd.Series
    """Text, in the file's order; an id may repeat."""
    whole_numbers: bool
    """Whether the labels it shows are whole numbers; the grader then wants them without a decimal point."""
    has_header: bool = True
    """Whether the file's first line names the columns."""
    asked: pd.DataFrame | None = None
    """row, name: which row of the test set, and of it which class or number, each line asks for, where a table says it
    (`submission.line`); None where the id itself does."""
    shown_labels: tuple[str, ...] = ()
    """Those of its first lines, where it has labels."""
    copied: pd.DataFrame | None = None
    """The columns that are written as they are here (`submission.copied`), text; or None."""
    nameless: tuple[str, ...] = ()
    """Of the columns those whose name the file's first line leaves empty."""

    def predicted(self, form: Submission) -> tuple[str, ...]:
        return predicted_columns(self.columns, form)


def predicted_columns(header: Sequence[str], form: Submission) -> tuple[str, ...]:
    """All but the id and those that are copied."""
    return tuple(column for column in header if column not in (form.id, *form.copied))


def read_sample(archives: Archives, form: Submission) -> Sample:
    """Raises Refusal when the sample does not have the form that the card says."""
    header, has_header = sample_columns(archives, form), form.sample.names is None
    names = None if has_header else header
    predicted = predicted_columns(header, form)
    wanted = [("submission.id", form.id), *(("submission.copied", column) for column in form.copied)]
    # Without a column of ids the lines stand for the test rows in their order.
    refuse_absent_columns(wanted, list(dict.fromkeys([*header, LINE, ROW])), f"{archives.folder}: `{form.sample.name}`")
    if not isinstance(form, Probabilities | Number | HardLabel | SetColumns):
        refuse_other_number(predicted, 1, form)
    # What stands there for probabilities says nothing, and may be thousands of columns.
    shown = [] if isinstance(form, Probabilities | Number) else list(predicted)
    if isinstance(form, Probabilities | Number | Lines):
        _refuse_texts(read_table(archives, form.sample.name, names, list(predicted), LINES_SHOWN), form)
    needed = [column for column in (form.id, *form.copied, *shown) if column in header] or header[:1]
    table = numbered(read_columns(archives, form.sample.name, [("submission.sample", name) for name in needed], names))
    if isinstance(form, SetColumns):
        _refuse_soft(table[shown], form)
    shows_numbers = all(table[column].str.fullmatch(WHOLE_NUMBER).all() for column in shown)
    return Sample(
        columns=header,
        ids=table[form.id],
        whole_numbers=isinstance(form, HardLabel | LabelLines) and shows_numbers,
        has_header=has_header,
        asked=_asked(archives, form, table[form.id]),
        shown_labels=_labels(table[shown], form),
        copied=table[list(form.copied)],
        nameless=nameless_columns(archives, form, header),
    )


def _refuse_texts(table: pd.DataFrame, form: Submission) -> None:
    """Raises Refusal where a sample of numbers shows anything else; blank it may be. table: its first lines."""
    texts = table[:LINES_SHOWN].to_numpy(dtype=object)
    numbers = pd.to_numeric(pd.Series(texts.ravel(), dtype="str"), errors="coerce").to_numpy().reshape(texts.shape)
    others = np.isnan(numbers) & ~np.isin(np.char.strip(texts.astype("U")), BLANKS)
    if others.any():
        row, place = np.argwhere(others)[0]
        raise Refusal(
            f"`{form.sample.name}` has {texts[row, place]!r} in its column `{table.columns[place]}`, where a "
            f"submission of kind `{form.kind}` has numbers. Name the sample submission as submission.sample in the "
            "card, or correct submission.kind: a label is `label`."
        )


def _refuse_soft(table: pd.DataFrame, form: SetColumns) -> None:
    """Raises Refusal where a sample of 0 and 1 shows anything else."""
    hard = table[:LINES_SHOWN].apply(lambda column: column.str.fullmatch(r"[01](\.0*)?"))
    if not hard.all(axis=None):
        row, place = np.argwhere(~hard.to_numpy())[0]
        raise Refusal(
            f"`{form.sample.name}` has {table.iat[row, place]!r} in its column `{table.columns[place]}`, where a "
            "submission of kind `set_columns` has 0 or 1. Correct submission.kind in the card: probabilities of "
            "classes are `class_probabilities`."
        )


def _asked(archives: Archives, form: Submission, ids: pd.Series) -> pd.DataFrame | None:
    if not isinstance(form, InLines) or not isinstance(form.line, LineTable):
        return None
    return look_up(archives, form.line, ids, form.sample.name)


def _labels(table: pd.DataFrame, form: Submission) -> tuple[str, ...]:
    if not isinstance(form, Labelled):
        return ()
    fields = table[:LINES_SHOWN].to_numpy().ravel()
    labels = (label for field in fields for label in labels_in(field, form))
    return tuple(dict.fromkeys(label for label in labels if label))


def lines_per_row(names: tuple[str, ...], form: Submission) -> int:
    """names: what a row may be asked for (`asked_names`)."""
    return len(names) if isinstance(form, InLines) else 1


def line_positions(
    sample: Sample, row_ids: pd.Series, names: tuple[str, ...], form: Submission
) -> Int64[np.ndarray, " lines"]:
    """Of each of the sample's lines the position among all lines that there could be: one for each of `row_ids`, or
    (`InLines`) one for each of the `names` that it may be asked for, in their order. -1 where there is none."""
    if sample.asked is None:
        lines = line_ids(row_ids, names, form)
        return pd.Index(lines, dtype="str").get_indexer(pd.Index(sample.ids, dtype="str")).astype(np.int64)
    rows, places = (
        pd.Index(known, dtype="str").get_indexer(pd.Index(sample.asked[fact], dtype="str")).astype(np.int64)
        for fact, known in (("row", row_ids), ("name", names))
    )
    return np.where((rows < 0) | (places < 0), -1, rows * len(names) + places)


def line_ids(row_ids: pd.Series, names: tuple[str, ...], form: Submission) -> pd.Series:
    """The ids of all lines that there could be, where the id itself says what it asks for."""
    if not isinstance(form, InLines) or not isinstance(form.line, LineTemplate):
        return row_ids
    lines = {"row": row_ids.repeat(len(names)).tolist(), "class": list(names) * len(row_ids)}
    return filled(parse_template(form.line.template), pd.DataFrame(lines, dtype="str"))


def refuse_other_number(predicted: Sequence[str], wanted: int, form: Submission) -> None:
    if len(predicted) != wanted:
        raise Refusal(
            f"`{form.sample.name}` has {counted(len(predicted), 'column', 'columns')} beside the id "
            f"({listed(predicted)}), a submission of kind `{form.kind}` has {wanted} here. Correct submission.kind, "
            "submission.id or what the target names in the card."
        )
