"""The sample submission: which rows and columns the grader expects."""

from dataclasses import dataclass

import pandas as pd

from foldline.archives import Archives
from foldline.cards.submission import ClassProbabilities, HardLabel, Submission
from foldline.competition.source_tables import read_columns, read_header
from foldline.refusal import Refusal, listed


@dataclass(frozen=True)
class Sample:
    columns: tuple[str, ...]
    """The id and the predicted columns, in the file's order."""
    ids: pd.Series
    """Text, in the file's order; an id may repeat."""
    whole_numbers: bool
    """Whether the labels it shows are whole numbers; the grader then wants them without a decimal point."""

    def predicted(self, form: Submission) -> tuple[str, ...]:
        return tuple(column for column in self.columns if column != form.id)


def read_sample(archives: Archives, form: Submission) -> Sample:
    """Raises Refusal when the sample does not have the form that the card says."""
    header = read_header(archives, form.sample)
    if isinstance(form, ClassProbabilities):
        table = read_columns(archives, form.sample, [("submission.id", form.id)])
        return Sample(header, table[form.id], whole_numbers=False)
    predicted = [column for column in header if column != form.id]
    if len(predicted) != 1:
        raise Refusal(
            f"{archives.folder}: `{form.sample}` has {len(predicted)} columns beside the id ({listed(predicted)}), a "
            f"submission of kind `{form.kind}` has one. Correct submission.kind or submission.id in the card."
        )
    table = read_columns(archives, form.sample, [("submission.id", form.id), ("submission.sample", predicted[0])])
    shows_numbers = bool(table[predicted[0]].str.fullmatch(r"-?\d+").all())
    return Sample(header, table[form.id], whole_numbers=isinstance(form, HardLabel) and shows_numbers)


def refuse_other_ids(rows: pd.DataFrame, sample: Sample, form: Submission) -> None:
    """Raises Refusal when the sample asks for an id that is no test row. Test rows for which it does not ask may be."""
    test_ids = rows.loc[rows["part"] == "test", "row_id"]
    asked = sample.ids.drop_duplicates()
    unknown = asked[~asked.isin(test_ids)]
    if len(unknown):
        surplus = test_ids[~test_ids.isin(asked)]
        raise Refusal(
            f"{form.sample}: {len(unknown)} of its {len(asked)} ids are no test rows: {listed(unknown, 3)}. Test rows "
            f"for which it does not ask: {listed(surplus, 3)} ({len(surplus)} of {len(test_ids)}). Correct layout.test "
            "or submission.id in the card, so that they name the same ids."
        )
