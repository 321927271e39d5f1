"""The names of a submission's columns that hold a probability for each column and label of a target."""

from collections.abc import Sequence

import pandas as pd

from foldline.card.submission import ProbabilityColumns
from foldline.card.templates import filled, parse_template
from foldline.files.class_names import BETWEEN
from foldline.files.refusal import Refusal, listed


def probability_columns(classes: Sequence[str], form: ProbabilityColumns) -> tuple[str, ...]:
    """In the order of the classes (`column=label`). Raises Refusal where the template names two classes alike."""
    parts = pd.DataFrame([name.partition(BETWEEN)[::2] for name in classes], columns=["column", "label"], dtype="str")
    names = filled(parse_template(form.column), parts)
    repeated = names[names.duplicated()]
    if len(repeated):
        raise Refusal(
            f"submission.column is {form.column!r}, which gives several classes of the target the name "
            f"{listed(repeated.unique(), 3)}. Write a template that tells them apart: {{column}}_{{label}}."
        )
    return tuple(names)
