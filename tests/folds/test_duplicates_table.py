"""`duplicates.csv`: what pairs of images of different rows mean."""

from pathlib import Path

import pandas as pd

from foldline.folds.duplicates_table import describe_findings, list_duplicates, write_duplicates

SHOWN = ["pug", "pug", "dingo"]
ROWS = pd.DataFrame({"part": ["train", "train", "train", "test"], "row_id": list("abcd")})
IMAGES = pd.DataFrame({"row": [0, 1, 2, 3, 0], "cache_index": [0, 1, 2, 3, 4], "path": ["a", "b", "c", "d", "a2"]})


def test_pairs_are_listed_by_what_they_mean() -> None:
    pairs = pd.DataFrame({"first": [0, 0, 1, 0], "second": [1, 3, 2, 4]})

    duplicates = list_duplicates(ROWS, SHOWN, IMAGES, pairs)

    assert duplicates[["first_path", "second_path", "finding"]].to_numpy().tolist() == [
        ["a", "b", "same"],
        ["a", "d", "train and test"],
        ["b", "c", "conflict"],
    ]
    assert (
        describe_findings(duplicates) == "3 near-duplicate pairs: 1 across train/test (leak), 1 with conflicting labels"
    )


def test_an_image_of_two_rows_is_a_pair_but_no_conflict() -> None:
    shared = IMAGES.assign(cache_index=[0, 1, 0, 3, 4], path=["a", "b", "a", "d", "a2"])

    duplicates = list_duplicates(ROWS, SHOWN, shared, pd.DataFrame({"first": [], "second": []}, dtype="int64"))

    assert duplicates[["first_path", "second_path", "finding"]].to_numpy().tolist() == [["a", "a", "same"]]


def test_texts_are_written_as_they_are(tmp_path: Path) -> None:
    pairs = pd.DataFrame({"first": [0], "second": [3]})
    duplicates = list_duplicates(ROWS, ["007", "pug", "dingo"], IMAGES.replace("d", "NA"), pairs)
    write_duplicates(tmp_path / "duplicates.csv", duplicates)
    written = (tmp_path / "duplicates.csv").read_text()
    assert written.splitlines()[1] == "train and test,a,NA,train,test,007,"
