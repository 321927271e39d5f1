"""The sample submission: which rows and columns the grader expects, what these say of classes, and whether they are
what a card predicts."""

import re

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.archive.archives import Archives
from foldline.archive.locating import located_file
from foldline.archive.table_formats import header_fields
from foldline.archive.tables import read_table, refuse_absent_columns, refuse_empty_table
from foldline.card.forms.form import Form, Sample
from foldline.card.sources import LINE, ROW, numbered
from foldline.card.targets.sample_columns import SampleColumns
from foldline.files.refusal import Refusal, listed

LINES_SHOWN = 100
NAMED_BY_PLACE = re.compile(r"Unnamed: \d+(\.\d+)?")
"""What pandas calls a column without a name; but a table that was saved with such a column may name it so itself."""


def read_sample(archives: Archives, form: Form) -> Sample:
    """Raises Refusal when the sample does not have the form that the card says."""
    header, has_header = sample_columns(archives, form), form.sample.names is None
    spelling = form.sample.spelling
    predicted = list(form.predicted(header))
    # A column without a name is an index that one way of saving the table left, and another did not.
    copied = [column for column in form.copied if column in header or not NAMED_BY_PLACE.fullmatch(column)]
    wanted = [("submission.id", form.id), *(("submission.copied", column) for column in copied)]
    # Without a column of ids the lines stand for the test rows in their order.
    refuse_absent_columns(wanted, list(dict.fromkeys([*header, LINE, ROW])), f"{archives.folder}: `{form.sample.name}`")
    if form.column_per == "row":
        form.refuse_other_number(predicted, 1)
    if predicted:
        form.refuse_other_fields(read_table(archives, form.sample.name, spelling, predicted, LINES_SHOWN)[:LINES_SHOWN])
    # What stands there for numbers says nothing, and may be thousands of columns.
    shown = predicted if form.of_labels else []
    needed = [column for column in (form.id, *copied, *shown) if column in header] or list(header[:1])
    table = read_table(archives, form.sample.name, spelling, list(dict.fromkeys(needed)))
    refuse_empty_table(archives, table, form.sample.name)
    table = numbered(table)
    return Sample(
        columns=header,
        ids=table[form.id],
        integers=form.shows_integers(table[shown]),
        has_header=has_header,
        meanings=form.meanings(table[form.id], archives),
        shown_labels=_labels(table[shown], form),
        copied=table[copied],
        nameless=nameless_columns(archives, form, header),
    )


def _labels(table: pd.DataFrame, form: Form) -> tuple[str, ...]:
    fields = table[:LINES_SHOWN].to_numpy().ravel()
    labels = (label for field in fields for label in form.labels_in(field))
    return tuple(dict.fromkeys(label for label in labels if label))


def sample_columns(archives: Archives, form: Form) -> tuple[str, ...]:
    """In the file's order. Raises Refusal for a column without a name of which the card does not say what it is: it
    would pass for a class."""
    columns = form.sample.header(archives)
    unsaid = [name for name in nameless_columns(archives, form, columns) if name not in (form.id, *form.copied)]
    if unsaid:
        names = ", ".join(f'"{name}"' for name in (*form.copied, *unsaid))
        raise Refusal(
            f"{archives.folder}: the first line of `{form.sample.name}` leaves a name empty, as of a table that was "
            f"saved with its index: {listed(unsaid)} among {listed(columns)}. Write `copied: [{names}]` into the "
            "card's submission, which then has it as the sample does; or name it as submission.id."
        )
    return columns


def columns_of_sample(archives: Archives, form: Form) -> SampleColumns:
    """What its header says of classes."""
    columns = sample_columns(archives, form)
    may_have_ids = form.id in (LINE, ROW) and form.id not in columns
    return SampleColumns(form.sample.name, form.column_per, form.predicted(columns), may_have_ids)


def nameless_columns(archives: Archives, form: Form, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Of the sample's `columns` those whose name is empty in its first line."""
    if form.sample.names is not None or not any(map(NAMED_BY_PLACE.fullmatch, columns)):
        return ()
    content = archives.read(located_file(archives, form.sample.name))
    fields = header_fields(content, form.sample.name, form.sample.spelling)
    return tuple(name for name, field in zip(columns, fields, strict=False) if not field)


def line_positions(
    sample: Sample, row_ids: pd.Series, names: tuple[str, ...], form: Form
) -> Int64[np.ndarray, " lines"]:
    """Of each of the sample's lines the position among all lines that there could be: one for each of `row_ids`, or
    one for each of the `names` that it may be asked for, in their order. -1 where there is none."""
    lines = form.all_lines(row_ids, names)
    return pd.Index(lines, dtype="str").get_indexer(pd.Index(sample.asked, dtype="str")).astype(np.int64)


def refuse_other_ids(rows: pd.DataFrame, sample: Sample, form: Form, names: tuple[str, ...]) -> None:
    """Raises Refusal when the sample asks for an id that is no test row, or no line of one. Test rows for which it does
    not ask may be.

    names: what a row may be asked for (a target's `asked_names`).
    """
    row_ids = rows.loc[rows["part"] == "test", "row_id"]
    known, asked = form.all_lines(row_ids, names), sample.asked.drop_duplicates()
    unknown, surplus = (
        few.str.replace("\t", " ", regex=False) for few in (asked[~asked.isin(known)], known[~known.isin(asked)])
    )
    if len(unknown):
        what, others, cure = form.ids_mean
        raise Refusal(
            f"{form.sample.name}: {len(unknown)} of its {len(asked)} ids are not {what}: {listed(unknown, 3)}. "
            f"{others} for which it does not ask: {listed(surplus, 3)} ({len(surplus)} of {len(known)}). Correct "
            f"{cure} in the card, so that they name the same ids."
        )
