"""Rows that stay together, the folds that they get, and what is said of these."""

import numpy as np
import pandas as pd

from foldline.card.targets.target_kind import Strata
from foldline.folds.assignment import count_by_fold, join_rows, learnable_images, make_folds
from foldline.folds.splitting import Split


def groups(*names: str | None) -> pd.Series:
    return pd.Series(names, dtype="str")


def images(*row_positions: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(row_positions), columns=["row", "cache_index"])


def pairs(*positions: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(positions), columns=["first", "second"], dtype="int64")


def test_rows_without_anything_in_common_stay_alone() -> None:
    assert join_rows(groups(None, None, None), images((0, 5), (1, 3), (2, 1)), pairs()).tolist() == [0, 1, 2]


def test_a_group_an_image_and_a_near_duplicate_each_join_two_rows() -> None:
    named = groups("g", None, None, None, "g", None, None)
    shown = images((0, 0), (1, 1), (2, 1), (3, 9), (4, 4), (5, 5), (6, 6))

    assert join_rows(named, shown, pairs((5, 9))).tolist() == [0, 1, 1, 2, 0, 2, 3]


def test_chains_are_one_cluster() -> None:
    named = groups("g", "g", None, None)
    shown = images((0, 0), (1, 1), (1, 2), (2, 3), (3, 3))

    assert join_rows(named, shown, pairs((2, 3))).tolist() == [0, 0, 0, 0]


def test_no_rows_have_no_clusters() -> None:
    assert join_rows(groups(), images(), pairs()).tolist() == []


ROWS = pd.DataFrame(
    {
        "part": ["train"] * 5 + ["test"],
        "row_id": ["a", "b", "c", "d", "e", "a"],
        "group": ["g", None, None, None, "g", None],
    },
    dtype="str",
)
# Row b has a damaged image only, row c a damaged and a good one.
IMAGES = pd.DataFrame(
    {
        "row": [0, 1, 2, 2, 3, 4, 5],
        "cache_index": [0, 1, 2, 3, 4, 5, 6],
        "error": [None, "empty file", "empty file", None, None, None, None],
    }
)
NO_PAIRS = pd.DataFrame({"first": [], "second": []}, dtype="int64")
STRATA = Strata(np.array([0, 1, 1, 0]), ("pug", "husky"))
SPLIT = Split(count=2, seed=0, near_duplicates="same_fold")


NO_GROUPS = pd.Series([None] * 25, dtype="str")


def test_learnable_images_are_readable_and_of_train_rows() -> None:
    assert learnable_images(ROWS, IMAGES)["cache_index"].tolist() == [0, 3, 4, 5]


def test_a_row_without_a_readable_image_belongs_to_no_fold() -> None:
    folds = make_folds(ROWS, STRATA, learnable_images(ROWS, IMAGES), NO_PAIRS, SPLIT)

    assert folds["row_id"].tolist() == ["a", "c", "d", "e"]
    assert folds["cluster"].tolist() == [0, 1, 2, 0]
    assert folds["fold"].tolist() in ([0, 0, 1, 0], [0, 1, 0, 0])


def test_near_duplicates_share_a_cluster() -> None:
    pairs = pd.DataFrame({"first": [3], "second": [4]})

    folds = make_folds(ROWS, STRATA, learnable_images(ROWS, IMAGES), pairs, SPLIT)

    assert folds["cluster"].tolist() == [0, 1, 1, 0]


def test_counts_show_every_class_when_they_are_few() -> None:
    folds = pd.DataFrame({"fold": [0, 0, 1, 1], "cluster": [0, 0, 1, 2]})

    groups = pd.Series(["g", "g", None, "h"], dtype="str")
    table = count_by_fold(folds, Strata(np.array([0, 1, 1, 1]), ("pug", "husky")), groups)

    assert table.index.tolist() == ["rows", "clusters", "groups", "pug", "husky"]
    assert table.to_numpy().tolist() == [[2, 2], [1, 2], [1, 1], [1, 0], [1, 2]]


def test_counts_show_the_most_frequent_and_the_rarest_of_many_classes() -> None:
    strata = np.repeat(np.arange(5), [1, 9, 5, 7, 3])
    folds = pd.DataFrame({"fold": np.arange(25) % 2, "cluster": np.arange(25)})

    table = count_by_fold(folds, Strata(strata, ("a", "b", "c", "d", "e")), NO_GROUPS, most=4)

    assert table.index.tolist() == ["rows", "clusters", "classes", "b", "d", "e", "a"]
    assert table.loc["classes"].tolist() == [5, 4]


def test_counts_show_each_label_of_a_row() -> None:
    folds = pd.DataFrame({"fold": [0, 1, 1], "cluster": [0, 1, 2]})
    strata = Strata(np.array([[True, True], [False, True], [False, False]]), ("pug", "husky"))

    table = count_by_fold(folds, strata, NO_GROUPS.head(3))

    assert table.loc[["pug", "husky"]].to_numpy().tolist() == [[1, 0], [1, 1]]


def test_train_rows_that_resemble_one_test_image_stay_together() -> None:
    pairs = pd.DataFrame({"first": [0, 4], "second": [6, 6]})

    folds = make_folds(ROWS, STRATA, learnable_images(ROWS, IMAGES), pairs, SPLIT)

    assert folds["cluster"].tolist() == [0, 1, 0, 0]
