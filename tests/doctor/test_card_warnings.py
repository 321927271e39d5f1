"""What in a card looks wrong is said, once, and nothing of a good card."""

import numpy as np
import pandas as pd
import pytest

from foldline.card.targets.single_labels import Binary, Ordinal, Ranked
from foldline.doctor.card_warnings import labels_alike, misspelt_new_class, unlearnable_features, unlisted_images


def test_images_beside_those_of_the_rows_are_shown() -> None:
    names = [
        "train/a/1.jpg",
        "train/b/(b)1.JPG",
        "train/a/1.txt",
        "masks/a/1.jpg",
        "train/1.jpg",
        "test/2.png",
        "3.jpg",
    ]
    [finding] = unlisted_images(names, ["train/a/1.jpg", "test/2.png|test/missing.png"])
    assert finding.startswith(
        "1 image lies where those of the rows lie, but belongs to no row: train/b/(b)1.JPG. If they"
    )


def test_files_of_records_and_of_arrays_are_no_images() -> None:
    names = ["X_train.npy", "y_train.npy", "train.csv", "sample.csv"]
    assert list(unlisted_images(names, ["X_train.npy[0]", "X_train.npy[1]", 'train.csv#{"place":[0,1]}'])) == []


def whales(new_class: str | None) -> Ranked:
    return Ranked(kind="ranked", column="Id", new_class=new_class, group=None)


def test_a_new_class_that_is_nearly_one_of_the_labels() -> None:
    [finding] = misspelt_new_class(whales("new_whales"), {"new_whale", "w_1"})
    assert finding.startswith("target.new_class is 'new_whales', which neither train rows nor")
    assert "they have 'new_whale'" in finding
    for new_class in ("new_whale", "unknown", None):
        assert list(misspelt_new_class(whales(new_class), {"new_whale", "w_1"})) == []


def test_labels_that_differ_in_case_or_blanks_alone() -> None:
    [finding] = labels_alike(["cat", "Cat", "dog", "dog ", "cow"])
    assert finding.startswith(
        "2 labels are written in several ways, which are classes of their own: 'cat' and 'Cat', 'dog"
    )
    assert list(labels_alike(["cat", "cats", "c a", "1", "10", "1a"])) == []
    [finding] = labels_alike(["0", "1", "1.0", "01"])
    assert finding.startswith("1 label is written in several ways, which are classes of their own: '1' and '1.0'.")


def found(train: list[str | None], test: list[str | None]) -> list[str]:
    part = ["train"] * len(train) + ["test"] * len(test)
    values = pd.Series([*train, *test], dtype="str")
    return list(unlearnable_features(pd.DataFrame({"part": part, "tabular:male": values, "tabular:age": np.nan})))


def test_features_that_train_rows_teach() -> None:
    assert found(["M", "F", "F"], ["M", None, "x", "F"]) == []
    assert found(["M", "F", None], ["M", "x"]) == found(["M", "M"], [None]) == found(["a"], ["a"]) == []


def test_categories_that_train_and_test_write_otherwise() -> None:
    [finding] = found(["True", "False", "True"], ["M", "F", None])
    assert finding.startswith(
        "All test values of the feature `male` are unknown to train: M, F against True, False. Write both alike"
    )
    [finding] = found(["a", "a"], ["a", "b", "c"])
    assert finding.startswith("Most test values of the feature `male` are unknown to train: b, c against a. ")


def test_a_category_that_is_another_in_each_row() -> None:
    [finding] = found(["1.jpg", "2.jpg"], ["3.jpg"])
    assert finding == (
        "The feature `male` has a value of its own in each train row, such as 1.jpg, 2.jpg: it cannot say anything of "
        "others. Leave it out of the card."
    )


@pytest.mark.parametrize(
    ("negative", "positive", "is_doubted"),
    [
        ("0", "1", False), ("1", "0", True), ("no", "yes", False), ("yes", "no", True),
        ("False", "True", False), ("True", "False", True),
        ("benign", "malignant", False), ("malignant", "benign", True),
        ("no_tumour", "tumour", False), ("tumour", "no tumour", True), ("cat", "dog", False), ("dog", "cat", False),
        ("healthy", None, False), (None, "healthy", True), ("Cover", None, False),
        (None, "1", False), ("1", None, True), ("north", "south", False), ("nose", "mouth", False),
    ],
)  # fmt: skip
def test_a_positive_class_that_says_no_is_doubted(negative: str | None, positive: str | None, is_doubted: bool) -> None:
    target = Binary(kind="binary", column="label", negative=negative, positive=positive, group=None)
    said = list(target.doubts(("label",)))
    assert bool(said) == is_doubted
    if is_doubted:
        assert said[0].startswith(
            f"target.positive is {positive!r} and target.negative {negative!r}: a submitted number"
        )


def test_the_samples_column_may_be_called_as_the_positive_class_is() -> None:
    target = Binary(kind="binary", column="animal", negative="cat", positive="dog", group=None)
    assert "sample's column is called Cat" in next(target.doubts(("Cat",)))
    assert list(target.doubts(("dog",))) == list(target.doubts(("label",))) == list(target.doubts(("cat", "dog"))) == []


@pytest.mark.parametrize(
    ("levels", "is_doubted"),
    [
        (["0", "1", "2"], False), (["2", "1", "0"], True), (["1", "10", "2"], True), (["1", "2", "10"], False),
        (["normal", "mild", "severe"], False), (["Severe", "Mild", "Normal"], True), (["no dr", "mild dr"], False),
        (["blue", "green"], False), (["Mild", "Moderate", "Severe", "Proliferative"], False),
    ],
)  # fmt: skip
def test_levels_that_do_not_rise_are_doubted(levels: list[str], is_doubted: bool) -> None:
    target = Ordinal(kind="ordinal", column="grade", levels=tuple(levels), group=None)
    assert bool(list(target.doubts(("grade",)))) == is_doubted
    assert target.direction() == " < ".join(levels)
