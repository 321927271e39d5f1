"""The graders refuse what makes a submission invalid: a test that trusts them must know that they do."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from tests.competitions import grading


def submission(folder: Path, text: str) -> Path:
    path = folder / "submission.csv"
    path.write_text(text)
    return path


def test_rows_are_found_by_their_id_whatever_the_order_and_surplus_columns_count_where_they_must(
    tmp_path: Path,
) -> None:
    path = submission(tmp_path, "id,more,label\n002,x,7\n001,y,5\n")
    assert grading.read(path, ["001", "002"], ["id", "label"])["label"].tolist() == [5, 7]
    with pytest.raises(grading.Invalid, match="columns are"):
        grading.read(path, ["001", "002"], ["id", "label"], exact=True)


@pytest.mark.parametrize("text", ["id,label\n1,7\n", "id,label\n1,7\n1,7\n", "id,other\n1,7\n2,7\n"])
def test_other_ids_and_columns_are_invalid(tmp_path: Path, text: str) -> None:
    with pytest.raises(grading.Invalid):
        grading.read(submission(tmp_path, text), ["1", "2"], ["id", "label"])


@pytest.mark.parametrize(
    ("rule", "values"),
    [
        (lambda table: grading.numbers(table, 0, 1), [[0.5], [1.01]]),
        (lambda table: grading.numbers(table), [[0.5], [float("nan")]]),
        (grading.distributions, [[0.3333, 0.3333, 0.3333]]),
        (lambda table: grading.integers(table[0]), [[2.0], [3.0]]),
        (lambda table: grading.words(table[0]), [[2], [3]]),
        (lambda table: grading.words(table[0]), [["a  b"]]),
        (lambda table: grading.words(table[0], most=1), [["a b"]]),
    ],
)
def test_values_against_the_rules_are_invalid(rule: Callable[[pd.DataFrame], object], values: list) -> None:
    with pytest.raises(grading.Invalid):
        rule(pd.DataFrame(values))
