"""Rows that lack lines, by hand."""

import pandas as pd
import pytest

from foldline.card.target import Target
from foldline.card.targets.number_targets import NumberLines, Regression
from foldline.card.targets.several_labels import LabelLines, Multilabel
from foldline.files.refusal import Refusal

LINES = {"kind": "lines", "name": "{ID.tail}", "column": "Label"}
SETS = Multilabel(kind="multilabel", labels=LabelLines(**LINES), group=None)
NUMBERS = Regression(kind="regression", values=NumberLines(**LINES), group=None)


def lines(*named: str, zeros: str = "") -> pd.DataFrame:
    """A line for each `row_class`, of 0 where zeros has the class, else of 1."""
    rows, names = zip(*(name.split("_") for name in named), strict=True)
    targets = [() if name in zeros else (name,) for name in names]
    return pd.DataFrame({"row_id": rows, "spoken_of": names, "target": targets})


WHOLE = ("r1_a", "r1_b", "r2_a", "r2_b", "r3_a", "r3_b")


def test_a_line_speaks_of_what_its_name_says_and_others_of_nothing() -> None:
    columns = pd.DataFrame({"ID": ["x_any", "x_sub"]}, dtype="str")
    assert list(SETS.spoken_of(columns)) == list(NUMBERS.spoken_of(columns)) == ["any", "sub"]
    assert Multilabel.model_validate_json(COLUMNS).spoken_of(columns) == ""


COLUMNS = '{"kind": "multilabel", "labels": {"kind": "columns", "columns": ["ID"]}, "group": null}'


@pytest.mark.parametrize("target", [SETS, NUMBERS])
def test_rows_that_lack_no_line_or_repeat_one_are_right(target: Target) -> None:
    assert list(target.missing_lines(lines(*WHOLE, "r1_a", zeros="b"))) == []


def test_where_a_table_lists_positives_alone_rows_may_lack_the_others() -> None:
    assert list(SETS.missing_lines(lines("r1_a", "r2_b", "r3_a"))) == []


def test_most_rows_lack_lines_where_the_id_is_the_lines() -> None:
    with pytest.raises(Refusal) as refusal:
        list(SETS.missing_lines(lines("r1_a", "r2_b", "r3_c", "r4_a", zeros="bc")))
    assert str(refusal.value).startswith(
        "4 of 4 train rows have no line for some classes, such as `r1`, which has a and lacks b, c. These would count"
    )
    assert "have one id in common, as `{ID.head}` is of `{ID}`: correct layout.train.id" in str(refusal.value)


def test_a_few_rows_that_lack_lines_are_told() -> None:
    [finding] = SETS.missing_lines(lines(*WHOLE[:-1], zeros="b"))
    assert finding.startswith(
        "1 of 3 train rows have no line for some classes, such as `r3`, which has a and lacks b; "
    )
    assert "these count as 0" in finding


def test_numbers_that_rows_lack_are_told_and_never_refused() -> None:
    [finding] = NUMBERS.missing_lines(lines("r1_a", "r2_b"))
    assert finding.startswith(
        "2 of 2 train rows have no line for some numbers, such as `r1`, which has a and lacks b; "
    )
    assert "what is missing counts nowhere" in finding
