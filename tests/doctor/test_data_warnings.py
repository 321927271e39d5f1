"""Each finding by hand: what must be found, and what must not."""

import numpy as np
import pandas as pd
import pytest

from foldline.archive.addresses import InRecord, address_in_record
from foldline.doctor.card_warnings import unknown_labels
from foldline.doctor.data_warnings import data_warnings
from foldline.pixels.cache import MISSING

NO_PAIRS = pd.DataFrame({"first": [], "second": [], "difference": []}, dtype="int64")


def tables(targets: list[str | None], sizes: list[tuple[int, int]] | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A row and an image per target, test rows where it is None; sizes: height and width of each image."""
    count = len(targets)
    rows = pd.DataFrame(
        {
            "part": ["test" if target is None else "train" for target in targets],
            "row_id": [f"r{number}" for number in range(count)],
            "target": targets,
            "group": None,
        }
    )
    heights, widths = zip(*(sizes or [(10, 20)] * count), strict=True)
    images = pd.DataFrame(
        {
            "row": range(count),
            "path": [f"{number}.jpg" for number in range(count)],
            "cache_index": range(count),
            "height": heights,
            "width": widths,
            "exact_hash": "",
            "perceptual_hash": 0,
            "error": pd.Series([None] * count, dtype="str"),
        }
    )
    return rows, images


def found(
    rows: pd.DataFrame, images: pd.DataFrame, classes: tuple[str, ...], pairs: pd.DataFrame = NO_PAIRS
) -> list[str]:
    codes = np.array([classes.index(label) for label in rows["target"].dropna()], dtype=np.int64)
    return list(data_warnings(rows, images, codes, classes, rows["target"].dropna().tolist(), pairs))


def test_nothing_is_suspicious_where_nothing_is_wrong() -> None:
    rows, images = tables(["a", "b", "a", "b", None, None])
    assert found(rows, images, ("a", "b")) == []


def test_labels_of_the_sample_that_the_card_does_not_know() -> None:
    [finding] = unknown_labels(["w_1", "new_whale"], ["w_1", "w_2", "new_wale"])
    assert "shows 1 label that no submission of this card can name: new_whale; it can name w_1, w_2" in finding
    assert list(unknown_labels([], ["w_1"])) == list(unknown_labels(["w_1"], ["w_1"])) == []


def test_a_group_of_all_rows_leaves_no_fold() -> None:
    rows, images = tables(["a", "b", "a", "b", None, None])
    (finding,) = found(rows.assign(group=["me"] * 4 + [None] * 2), images, ("a", "b"))
    assert finding.startswith("All train rows are of one group, `me`, so that no fold can be held back.")
    assert found(rows.assign(group=["me"] * 3 + [None] * 3), images, ("a", "b")) == []


def test_groups_of_one_row_each_do_nothing_and_few_groups_make_few_folds() -> None:
    rows, images = tables(["a", "b", "a", "b", "a", "b"])
    (finding,) = found(rows.assign(group=list("uvwxyz")), images, ("a", "b"))
    assert finding.startswith("Each train row is a group of its own (target.group), so that it keeps no rows together.")
    (finding,) = found(rows.assign(group=list("uuvvww")), images, ("a", "b"))
    assert finding == "Train rows are of 3 groups (target.group), and split.count can be no larger."
    assert found(rows.assign(group=list("uvwxyu")), images, ("a", "b")) == []


def test_unreadable_images_are_counted_with_their_reasons() -> None:
    rows, images = tables(["a", "b", "a", "b"])
    images.loc[2, "error"] = "no image"
    (finding,) = found(rows, images, ("a", "b"))
    assert finding.startswith("1 of 4 images cannot be read: 2.jpg: no image. Correct the card's layout if it")
    assert "or set prepare.max_unreadable_fraction to 0.25 or more" in finding


def test_one_share_lets_all_that_cannot_be_read_pass() -> None:
    rows, images = tables(["a", "b", "a"])
    images["error"] = [None, "no image", MISSING]
    missing, unreadable, *_ = data_warnings(
        rows, images, np.array([0, 1, 0]), ("a", "b"), ("a", "b", "a"), NO_PAIRS, " Look in `b/`."
    )
    assert missing.startswith("1 of 3 images are missing: 2.jpg. Look in `b/`. Correct the card's layout, or set")
    assert all("set prepare.max_unreadable_fraction to 0.667 or more" in said for said in (missing, unreadable))


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((0, 2), ["1 near-duplicate pair of train images (they share a fold): 0.jpg = 2.jpg."]),
        (
            (0, 1),
            [
                "1 near-duplicate pair of train images (they",
                "1 near-duplicate pair of train images that are the same under different labels: 0.jpg = 1.jpg.",
            ],
        ),
        ((3, 4), ["1 near-duplicate pair across train and test (a leak): 3.jpg = 4.jpg."]),
        ((4, 5), []),
    ],
)
def test_images_that_repeat_are_told_by_where_they_stand(pair: tuple[int, int], expected: list[str]) -> None:
    rows, images = tables(["a", "b", "a", "b", None, None])
    pairs = pd.DataFrame([(*pair, 0)], columns=["first", "second", "difference"])
    findings = found(rows, images, ("a", "b"), pairs)
    assert len(findings) == len(expected)
    assert all(finding.startswith(start) for finding, start in zip(findings, expected, strict=True))


def test_a_file_that_serves_a_train_and_a_test_row_is_a_leak() -> None:
    rows, images = tables(["a", "a", None])
    images.loc[2, ["path", "cache_index"]] = ["0.jpg", 0]
    (finding,) = found(rows, images, ("a",))
    assert "(a leak): 0.jpg = 0.jpg" in finding


def test_a_file_of_several_train_rows_is_no_contradiction() -> None:
    rows, images = tables(["a", "b", "a", "b"])
    images.loc[[1, 2], ["path", "cache_index"]] = ["0.jpg", 0]
    assert found(rows, images, ("a", "b")) == ["1 train image belongs to several rows each, which share a fold: 0.jpg."]


def test_two_images_of_one_row_may_be_alike() -> None:
    rows, images = tables(["a", "a", "a"])
    images["row"] = [0, 0, 1]
    pairs = pd.DataFrame({"first": [0], "second": [1], "difference": [0]})
    assert found(rows, images, ("a",), pairs) == []


def test_other_sizes_in_test_are_told_by_where_they_differ_most() -> None:
    rows, images = tables(["a"] * 40 + [None] * 40, [(10, 20)] * 40 + [(10, 30)] * 40)
    assert found(rows, images, ("a",)) == [
        "Train and test differ in width: it is at most 20 for 100% of train images and 0% of test images.",
        "Train and test differ in aspect (width / height): it is at most 2 for 100% of train images and 0% of test "
        "images.",
    ]


def test_a_few_images_of_other_sizes_are_chance() -> None:
    rows, images = tables(["a"] * 3 + [None] * 2, [(10, 20)] * 3 + [(10, 30)] * 2)
    assert found(rows, images, ("a",)) == []


def test_images_in_records_are_named_by_their_rows() -> None:
    rows, images = tables(["a", "a", "b", "b"])
    images["path"] = [address_in_record("t.csv", InRecord((number, 9), ("a",), "", 2, 2)) for number in range(4)]
    (finding,) = found(rows, images, ("a", "b"), pd.DataFrame({"first": [0], "second": [1], "difference": [0]}))
    assert finding == "1 near-duplicate pair of train images (they share a fold): `r0` in t.csv = `r1` in t.csv."


def test_classes_that_are_absent_single_or_uneven() -> None:
    rows, images = tables(["a"] * 12 + ["b"])
    absent, single, uneven = found(rows, images, ("a", "b", "c"))
    assert absent == "1 of 3 classes have no train row: c."
    assert single.startswith("1 class has one train row")
    assert uneven == "The classes are imbalanced: a has 12 train rows, b has 1."


def test_labels_of_several_columns_are_counted_by_column() -> None:
    rows, images = tables(["", "x", "x"])
    targets = np.array([[0, 0], [1, 0], [1, 0]], dtype=np.uint8)
    assert list(data_warnings(rows, images, targets, ("x", "y"), [""] * len(targets), NO_PAIRS)) == [
        "1 of 2 classes have no train row: y."
    ]


def test_numbers_have_no_classes() -> None:
    rows, images = tables(["1.5", "100"])
    assert (
        list(
            data_warnings(
                rows, images, np.array([[1.5], [100]], dtype=np.float32), ("score",), ("1.5", "100"), NO_PAIRS
            )
        )
        == []
    )


def test_classes_of_one_group_each() -> None:
    rows, images = tables(["a", "a", "b", "b", "c", None])
    rows["group"] = ["x", "y", "z", "z", "x", None]
    sentences = found(rows, images, ("a", "b", "c"))
    assert "1 of 3 classes have all their rows in one group (target.group)" in "\n".join(sentences)
    rows["group"] = ["x", "y", "z", "x", "x", None]
    assert "in one group" not in "\n".join(found(rows, images, ("a", "b", "c")))
