import pandas as pd

from foldline.folds.clusters import join_rows


def groups(*names: str | None) -> pd.Series:
    return pd.Series(names, dtype="str")


def images(*row_positions: tuple[int, int]) -> pd.DataFrame:
    return pd.DataFrame(list(row_positions), columns=["row", "position"])


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
