"""Whether the range that a submission is clipped to holds the numbers to be predicted."""

import pandas as pd

from foldline.card.submission import Lines, Number, Submission
from foldline.card.target import Regression, Target
from foldline.files.refusal import Refusal, listed
from foldline.files.target_texts import numbers_of

SHOWN = 3
OUTLIERS = 0.05
"""A share of a column's numbers that may be mistakes of the table, and outside of what its grader takes."""


def refuse_outside(rows: pd.DataFrame, target: Target, form: Submission) -> None:
    """Raises Refusal for more than a few train numbers outside of `submission.range`: predictions would become one of
    its ends.

    rows: in the form of `tables/`.
    """
    if not isinstance(target, Regression) or not isinstance(form, Number | Lines) or form.range is None:
        return
    low, high = form.range
    numbers = pd.DataFrame([numbers_of(text) for text in rows.loc[rows["part"] == "train", "target"].dropna()])
    outside = (numbers < low) | (numbers > high)  # a missing number is neither
    found = [
        f"`{name}` is from {numbers[name].min():g} to {numbers[name].max():g} in train rows, and "
        f"{outside[name].sum():,} of its {numbers[name].count():,} numbers lie outside"
        for name in numbers.columns[outside.sum() > OUTLIERS * numbers.count()]
    ]
    if found:
        raise Refusal(
            f"The card's submission.range is {[low, high]}, which predictions are clipped to, but "
            f"{listed(found, SHOWN)}. Write the lowest and the highest number that the grader takes, or null when it "
            "takes any."
        )
