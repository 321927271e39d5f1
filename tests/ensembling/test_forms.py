"""What each form of predictions says of its rows: what they cost, how unsure they are, and in words."""

from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from foldline.ensembling.forms import Form
from foldline.files.compact import MOST_DENSE_CLASSES, create_values
from tests.words import DISTRIBUTION, INDEPENDENT, NUMBERS

LEVEL = TypeAdapter(Form).validate_python("level")
COLUMNS = TypeAdapter(Form).validate_python({"kind": "column_distributions", "sizes": [2, 3]})
NAMES = ("a", "b", "c", "d", "e")
CASES = [
    # Of a distribution the likeliest two are 0.5 and 0.25 apart; the truth c has 0.25.
    (DISTRIBUTION, [[0.5, 0.25, 0.25]], [2], np.log(4), 0.75, "a 0.50"),
    # b is at 0.625, 0.125 from a half; present are a and c.
    (INDEPENDENT, [[0.25, 0.625, 0.125]], np.uint8([[1, 0, 1]]), -np.log([0.25, 0.375, 0.125]).mean(), 0.75, "b 0.625"),
    (INDEPENDENT, [[0.25, 0.375]], np.uint8([[0, 0]]), -np.log([0.75, 0.625]).mean(), 0.75, "nothing"),
    # Margins 0.5 and 0.25; the second column's label is missing.
    (COLUMNS, [[0.75, 0.25, 0.5, 0.25, 0.25]], [[1, -1]], np.log(4) / 2, 0.75, "a 0.75, c 0.5"),
    (NUMBERS, [[1.5]], np.float32([[1.0]]), 0.5, None, "1.5"),
    (LEVEL, [[1.25]], [3], 1.75, None, "1.25"),
]


@pytest.mark.parametrize(("form", "predicted", "targets", "loss", "unsureness", "words"), CASES)
def test_what_a_row_costs_and_how_it_reads(
    form: Any, predicted: Any, targets: Any, loss: float, unsureness: float | None, words: str
) -> None:
    predictions = np.array(predicted, np.float32)
    assert form.row_losses(predictions, np.array(targets)).tolist() == pytest.approx([loss])
    found = form.unsureness(predictions)
    assert (found is None) if unsureness is None else found.tolist() == pytest.approx([unsureness])
    assert form.shown(predictions, NAMES[: predictions.shape[1]]) == [words]


def test_unknown_numbers_cost_nothing_and_a_row_of_none_has_no_loss() -> None:
    """The first column's deviation is 1, the third has no known number at all."""
    nan = float("nan")
    targets = np.float32([[1, nan, nan], [3, 5, nan], [nan, nan, nan]])
    found = NUMBERS.row_losses(np.float32([[3, 9, 9], [3, 6, 9], [1, 1, 1]]), targets)
    assert found[:2].tolist() == pytest.approx([2, 0.5]) and np.isnan(found[2])


def test_several_numbers_are_named() -> None:
    assert NUMBERS.shown(np.float32([[1.5, -2]]), ("weight", "height")) == ["weight 1.5, height -2"]


def test_a_column_of_a_single_class_is_never_unsure() -> None:
    form = TypeAdapter(Form).validate_python({"kind": "column_distributions", "sizes": [1, 2]})
    assert form.unsureness(np.float32([[1, 0.75, 0.25]])).tolist() == [0.5]


def test_compact_predictions_are_read_alike(tmp_path: Any) -> None:
    classes = MOST_DENSE_CLASSES + 1
    dense = np.full((2, classes), 0.25 / (classes - 2), np.float32)
    dense[:, [3, 7]] = [[0.5, 0.25], [0.25, 0.5]]
    compact = create_values(tmp_path / "values.npy", dense.shape, "probabilities", True)
    compact[:] = dense
    targets = np.array([3, 3])
    for values in (dense, compact):
        assert DISTRIBUTION.row_losses(values, targets).tolist() == pytest.approx([np.log(2), np.log(4)], rel=1e-5)
        assert DISTRIBUTION.unsureness(values).tolist() == pytest.approx([0.75, 0.75], rel=1e-5)
        assert DISTRIBUTION.shown(values, [f"class {at}" for at in range(classes)]) == ["class 3 0.50", "class 7 0.50"]
