"""Labels of a submission that no row can have, or that stand twice in one set or ranking."""

from collections.abc import Collection, Sequence

import numpy as np
import pandas as pd

from foldline.archive.tables import suggestion
from foldline.card.submission import Labelled
from foldline.competition.answer_columns import labels_in
from foldline.competition.offences import Offence, earliest
from foldline.files.refusal import listed

SHOWN = 5


def first_label_offence(columns: pd.DataFrame, form: Labelled, names: Sequence[str] | None) -> Offence | None:
    """columns: of labels, in the form that `first_offence` accepts. names: those that a submission can name
    (`answer_names`); None where nobody knows them."""
    known = None if names is None else dict.fromkeys(names)
    return earliest(_in_column(columns[name], form, known) for name in columns)


def _in_column(values: pd.Series, form: Labelled, known: Collection[str] | None) -> Offence | None:
    fields = values.fillna("")
    wrong = {field: what for field in fields.unique() if (what := _wrong(labels_in(field, form), known))}
    if not wrong:
        return None
    position = int(np.argmax(fields.isin(list(wrong))))
    return Offence(position, f"column `{values.name}` {wrong[fields.iloc[position]]}")


def _wrong(labels: list[str], known: Collection[str] | None) -> str:
    """What is wrong with the labels of a row, in words; empty when nothing is."""
    unknown = next((label for label in labels if known is not None and label not in known), None)
    if known is not None and unknown is not None:
        return f"names {unknown!r}, which is no label.{suggestion(unknown, known)} There are {listed(known, SHOWN)}"
    repeated = next((label for label in labels if labels.count(label) > 1), None)
    return f"names {repeated!r} twice" if repeated is not None else ""
