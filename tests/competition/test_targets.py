import numpy as np
import pandas as pd
import pytest

from foldline.cards.submission import ClassProbabilities, HardLabel
from foldline.cards.target import Multiclass
from foldline.competition.targets import encode, find_classes, sorted_labels
from foldline.refusal import Refusal
from tests.competition.conftest import Zipped

LABEL = Multiclass(kind="multiclass", column="label", group=None)
PROBABILITIES = ClassProbabilities(kind="class_probabilities", sample="sample.csv", id="id", extra_columns="refused")
HARD_LABEL = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="refused")


def rows(*targets: str | None) -> pd.DataFrame:
    return pd.DataFrame({"target": targets}, dtype="str")


def test_classes_stand_in_the_order_of_the_samples_columns(zipped: Zipped) -> None:
    archives = zipped({"sample.csv": "pug,id,NA,husky\n0,x,0,0\n"})

    assert find_classes(archives, rows("NA", "pug", None), PROBABILITIES) == ("pug", "NA", "husky")


def test_classes_of_hard_labels_are_the_sorted_train_labels(zipped: Zipped) -> None:
    assert find_classes(zipped({}), rows("10", "9", None, "10"), HARD_LABEL) == ("9", "10")


def test_a_label_without_a_column_is_refused_with_both_differences(zipped: Zipped) -> None:
    with pytest.raises(Refusal) as refusal:
        find_classes(zipped({"sample.csv": "id,pug,husky\nx,0,0\n"}), rows("pug", "Husky", "dingo"), PROBABILITIES)

    assert "no column for 2 of the train labels: Husky, dingo" in str(refusal.value)
    assert "columns without a train row: husky" in str(refusal.value)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"10", "9", "-1", "1.5"}, ("-1", "1.5", "9", "10")),
        ({"10", "9", "nan"}, ("10", "9", "nan")),
        ({"01", "1"}, ("01", "1")),
    ],
)
def test_labels_sort_by_number_when_all_are_numbers(labels: set[str], expected: tuple[str, ...]) -> None:
    assert sorted_labels(labels) == expected


def test_encode_gives_positions_and_minus_one_without_a_target() -> None:
    codes = encode(rows("null", "pug", None, "NA"), ("NA", "null", "pug"), LABEL)

    assert codes.dtype == np.int64
    assert codes.tolist() == [1, 2, -1, 0]


def test_encode_refuses_an_unknown_class() -> None:
    with pytest.raises(Refusal, match=r"Column `label`: husky is not among the 1 classes \(pug\)"):
        encode(rows("pug", "husky"), ("pug",), LABEL)
