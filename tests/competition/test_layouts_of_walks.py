"""Rows of several images, which are doubtful only where no table says what belongs together."""

import pandas as pd

from foldline.competition.layouts import merged_rows

TRAIN = "layout.train"
FOLDERS = pd.DataFrame({"row_id": ["cat0", "cat0", "cat1"], "path": ["cat/x/0.jpg", "cat/y/0.jpg", "cat/x/1.jpg"]})


def test_folders_that_a_walk_leaves_out_of_the_id() -> None:
    [finding] = merged_rows({TRAIN: FOLDERS}, [TRAIN], TRAIN)
    assert finding == (
        "1 rows of layout.train have several images, such as row `cat0`: cat/x/0.jpg, cat/y/0.jpg. If these are "
        "different things, put into the id what tells them apart, such as the folder."
    )
    assert list(merged_rows({TRAIN: FOLDERS[1:]}, [TRAIN], TRAIN)) == []


def test_a_table_whose_id_repeats_says_so_itself() -> None:
    assert list(merged_rows({TRAIN: FOLDERS}, [], TRAIN)) == []


def test_two_parts_that_have_the_same_ids() -> None:
    parts = {f"{TRAIN}[0]": FOLDERS[1:], f"{TRAIN}[1]": pd.DataFrame({"row_id": ["cat1"], "path": ["more/1.jpg"]})}
    [finding] = merged_rows(parts, [], TRAIN)
    assert finding.startswith(
        "1 rows of layout.train have several images, such as row `cat1`: cat/x/1.jpg, more/1.jpg."
    )
    same = {**parts, f"{TRAIN}[1]": FOLDERS[2:]}
    assert list(merged_rows(same, [], TRAIN)) == [], "one image that two parts list"
