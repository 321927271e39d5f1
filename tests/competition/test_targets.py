import numpy as np
import pandas as pd
import pytest

from foldline.card.target import (
    Columns,
    Delimited,
    Multiclass,
    Multilabel,
    MultiOutput,
    OpenSet,
    Ranked,
    Regression,
    Shares,
)
from foldline.competition.targets import encode, graded_targets
from foldline.files.refusal import Refusal

MULTICLASS = Multiclass(kind="multiclass", column="label", group=None)
TAGS = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="tags", delimiter=" "), group=None)
REGRESSION = Regression(kind="regression", values=Columns(kind="columns", columns=("x",)), group=None)


def rows(*targets: str | None) -> pd.DataFrame:
    return pd.DataFrame({"target": pd.Series(targets, dtype="str")})


def test_classes_become_positions_and_minus_one_without_a_target() -> None:
    codes = encode(rows("null", "pug", None, "NA"), ("NA", "null", "pug"), MULTICLASS)

    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 2, -1, 0]


def test_sets_become_zeros_and_ones() -> None:
    indicators = encode(rows('["b", "a c"]', "[]", None, '["b"]'), ("a c", "b"), TAGS)

    assert indicators.dtype == np.uint8
    assert indicators.tolist() == [[1, 1], [0, 0], [0, 0], [0, 1]]


def test_a_label_of_each_column_becomes_a_position_and_minus_one_where_it_is_missing() -> None:
    several = MultiOutput(kind="multioutput", columns=("x", "y"), group=None)
    codes = encode(rows('["x=b", "y=1"]', '["y=0"]', "[]", None), ("x=a", "x=b", "y=0", "y=1"), several)

    assert codes.dtype == np.int64
    assert codes.tolist() == [[1, 3], [-1, 2], [-1, -1], [-1, -1]]


def test_values_become_numbers() -> None:
    values = encode(rows('{"x": 1.5, "y": 7.0}', '{"x": -2.0}', None), ("y", "x"), REGRESSION)

    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, np.array([[7, 1.5], [np.nan, -2], [np.nan, np.nan]], np.float32))


def test_shares_stand_in_the_order_of_the_classes() -> None:
    votes = Shares(kind="shares", columns=("x", "y"), group=None)
    found = encode(rows('{"x": 0.25, "y": 0.75}', None), ("y", "x"), votes)
    np.testing.assert_array_equal(found, np.array([[0.75, 0.25], [np.nan, np.nan]], np.float32))


@pytest.mark.parametrize(
    ("target", "text"),
    [
        (MULTICLASS, "husky"),
        (TAGS, '["pug", "husky"]'),
        (MultiOutput(kind="multioutput", columns=("x", "y"), group=None), '["husky"]'),
    ],
)
def test_an_unknown_class_is_refused(target: Multiclass | Multilabel | MultiOutput, text: str) -> None:
    with pytest.raises(Refusal, match=r"has the labels husky, not among the 1 classes of classes.json \(pug\)"):
        encode(rows(text), ("pug",), target)


def test_a_class_of_one_fold_alone_is_new_to_its_model() -> None:
    """Class 0 is in two folds, 1 in one (two rows), 2 in one (a row)."""
    targets, folds = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    ranked = Ranked(kind="ranked", column="x", group=None, new_class="new")

    assert graded_targets(targets, folds, ("a", "b", "c"), ranked).tolist() == [0, 0, 3, 3, 3]
    assert graded_targets(targets, folds, ("a", "new", "c"), ranked).tolist() == [0, 0, 1, 1, 1]
    open_set = OpenSet(kind="open_set", column="x", group=None, new_class="new")
    assert graded_targets(targets, folds, ("a", "b", "c"), open_set).tolist() == [0, 0, 3, 3, 3]
    without = ranked.model_copy(update={"new_class": None})
    for target in (without, MULTICLASS):
        assert graded_targets(targets, folds, ("a", "b", "c"), target) is targets
