import numpy as np
import pandas as pd

from foldline.card.targets.number_targets import Columns, LabelDistribution, Regression
from foldline.card.targets.several_labels import Delimited, Multilabel, MultiOutput
from foldline.card.targets.single_labels import Multiclass, OpenSet, Ranked, new_class_position

MULTICLASS = Multiclass(kind="multiclass", column="label", group=None)
TAGS = Multilabel(kind="multilabel", labels=Delimited(kind="delimited", column="tags", delimiter=" "), group=None)
SEVERAL = MultiOutput(kind="multioutput", columns=("x", "y"), group=None)
CLASSES = ("NA", "null", "pug")
REGRESSION = Regression(kind="regression", values=Columns(kind="columns", columns=("x",)), group=None)


def rows(*found: object) -> pd.Series:
    return pd.Series(found, dtype=object)


def test_classes_become_positions() -> None:
    codes = MULTICLASS.encode(rows("null", "pug", "NA"), CLASSES)
    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 2, 0]
    assert MULTICLASS.shown(codes, CLASSES) == ["null", "pug", "NA"]


def test_sets_become_zeros_and_ones() -> None:
    indicators = TAGS.encode(rows(("b", "a c"), (), ("b",)), ("a c", "b"))
    assert indicators.dtype == np.uint8
    assert indicators.tolist() == [[1, 1], [0, 0], [0, 1]]
    assert TAGS.shown(indicators, ("a c", "b")) == ["a c, b", "no label", "b"]


def test_a_label_of_each_column_becomes_a_position_and_minus_one_where_it_is_missing() -> None:
    classes = ("x=a", "x=b", "y=0", "y=1")
    codes = SEVERAL.encode(rows(("x=b", "y=1"), ("y=0",), ()), classes)
    assert codes.dtype == np.int64
    assert codes.tolist() == [[1, 3], [-1, 2], [-1, -1]]
    assert SEVERAL.shown(codes, classes) == ["x=b, y=1", "y=0", "no label"]


def test_values_become_numbers() -> None:
    values = REGRESSION.encode(rows((("x", 1.5), ("y", 7.0)), (("x", -2.0),)), ("y", "x"))
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, np.array([[7, 1.5], [np.nan, -2]], np.float32))
    assert REGRESSION.shown(values, ("y", "x")) == ["y=7, x=1.5", "x=-2"]
    assert REGRESSION.shown(values[:1, :1], ("y",)) == ["7"]


def test_shares_stand_in_the_order_of_the_classes() -> None:
    votes = LabelDistribution(kind="label_distribution", columns=("x", "y"), group=None)
    found = votes.encode(rows((("x", 0.25), ("y", 0.75))), ("y", "x"))
    np.testing.assert_array_equal(found, np.array([[0.75, 0.25]], np.float32))
    assert votes.shown(found, ("y", "x")) == ["y=0.75, x=0.25"]


def test_the_new_class_has_its_outputs_position_or_one_after_the_last() -> None:
    assert new_class_position("new_whale", ("a", "new_whale", "w")) == 1
    assert new_class_position("new_whale", ("a", "w")) == 2


def test_a_class_of_one_fold_alone_is_new_to_its_model() -> None:
    """Class 0 is in two folds, 1 in one (two rows), 2 in one (a row)."""
    targets, folds = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 0])
    ranked = Ranked(kind="ranked", column="x", group=None, new_class="new")
    assert ranked.graded(targets, folds, ("a", "b", "c")).tolist() == [0, 0, 3, 3, 3]
    assert ranked.graded(targets, folds, ("a", "new", "c")).tolist() == [0, 0, 1, 1, 1]
    open_set = OpenSet(kind="open_set", column="x", group=None, new_class="new")
    assert open_set.graded(targets, folds, ("a", "b", "c")).tolist() == [0, 0, 3, 3, 3]
    without = ranked.model_copy(update={"new_class": None})
    for target in (without, MULTICLASS):
        assert target.graded(targets, folds, ("a", "b", "c")) is targets
