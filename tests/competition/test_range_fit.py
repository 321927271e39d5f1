"""Train numbers and the range of the submission: a few may lie outside, more are a wrong range."""

import pandas as pd
import pytest

from foldline.card.forms.number_forms import Number
from foldline.card.targets.number_targets import Columns, Regression
from foldline.files.refusal import Refusal

AGES = Regression(kind="regression", values=Columns(kind="columns", columns=("age",)), group=None)


def found(ages: list[float]) -> pd.Series:
    return pd.Series([(("age", float(age)),) for age in ages], dtype=object)


def number(low: float, high: float) -> Number:
    return Number(kind="number", sample="s.csv", id="id", extra_columns="refused", range=(low, high))


def test_one_of_twenty_may_lie_outside() -> None:
    number(0, 240).refuse_outside(AGES.numbers(found([300.0, *range(19)])))


def test_two_of_twenty_may_not() -> None:
    with pytest.raises(Refusal, match=r"\[0.0, 17.0\].*`age` is from 0 to 300 in train rows, and 2 of its 20 numbers"):
        number(0, 17).refuse_outside(AGES.numbers(found([300.0, *range(19)])))
