import numpy as np
import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.predicting.predicted_rows import expected_rows, positions_in


def a_competition() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Train rows d c b a, of which b belongs to no fold; test rows y x a: ids may repeat across the parts."""
    rows = pd.DataFrame(
        {
            "part": ["train"] * 4 + ["test"] * 3,
            "row_id": ["d", "c", "b", "a", "y", "x", "a"],
        }
    )
    folds = pd.DataFrame({"row_id": ["a", "c", "d"], "fold": [0, 1, 0], "cluster": [0, 1, 2]})
    return rows, folds


def test_expected_are_the_rows_of_the_listed_folds_in_the_order_of_the_rows() -> None:
    rows, folds = a_competition()
    both = expected_rows(rows, folds, [0, 1])
    assert both.out_of_fold_ids == ("d", "c", "a")
    assert both.test_ids == ("y", "x", "a")
    np.testing.assert_array_equal(both.folds, [0, 1, 0])
    np.testing.assert_array_equal(both.clusters, [2, 1, 0])
    np.testing.assert_array_equal(both.in_fold(0), [0, 2])
    assert expected_rows(rows, folds, [1]).out_of_fold_ids == ("c",)


def test_a_fold_without_rows_is_refused() -> None:
    with pytest.raises(Refusal, match=r"no rows in fold 2, it has the folds 0, 1. Correct `folds` in params.yaml"):
        expected_rows(*a_competition(), [0, 2])


def test_folds_of_other_rows_are_refused() -> None:
    rows, folds = a_competition()
    with pytest.raises(Refusal, match=r"rows that are not in rows.parquet: z\. Run `dvc repro -f -s split`"):
        expected_rows(rows, folds.replace("c", "z"), [0])


def test_each_expected_row_is_found_wherever_it_lies() -> None:
    np.testing.assert_array_equal(positions_in(["a", "b", "c"], ["c", "a", "b"], "fold 0, test"), [1, 2, 0])


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (["a", "b"], r"fold 0, test: 1 of 3 rows are not predicted: c\. Run .* predicts fold 0"),
        (["a", "b", "c", "b"], r"fold 0, test: rows are predicted twice: b\."),
        (["a", "b", "c", "z"], r"fold 0, test: 1 rows do not belong there: z\."),
    ],
)
def test_missing_double_and_unknown_rows_are_named(found: list[str], message: str) -> None:
    with pytest.raises(Refusal, match=message):
        positions_in(["a", "b", "c"], found, "fold 0, test")
