"""`duplicates.csv`: what pairs of images of different rows mean."""

from pathlib import Path

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.folds.duplicates_table import describe_findings, list_duplicates, read_duplicates, write_duplicates

SHOWN = ["pug", "pug", "dingo"]
ROWS = pd.DataFrame({"part": ["train", "train", "train", "test"], "row_id": list("abcd"), "group": None})
IMAGES = pd.DataFrame({"row": [0, 1, 2, 3, 0], "cache_index": [0, 1, 2, 3, 4], "path": ["a", "b", "c", "d", "a2"]})


def test_pairs_are_listed_by_what_they_mean() -> None:
    pairs = pd.DataFrame({"first": [0, 0, 1, 0], "second": [1, 3, 2, 4], "difference": [0, 9, 8, 0]})

    duplicates = list_duplicates(ROWS, SHOWN, IMAGES, pairs)

    assert duplicates[["first_path", "second_path", "finding"]].to_numpy().tolist() == [
        ["a", "b", "same"],
        ["a", "d", "train and test"],
        ["b", "c", "conflict"],
    ]
    assert (
        describe_findings(duplicates)
        == "3 near-duplicate pairs: 1 across train/test (leak), 1 of one image with different labels"
    )


def test_an_image_of_two_rows_is_a_pair_but_no_conflict() -> None:
    shared = IMAGES.assign(cache_index=[0, 1, 0, 3, 4], path=["a", "b", "a", "d", "a2"])

    duplicates = list_duplicates(
        ROWS, SHOWN, shared, pd.DataFrame({"first": [], "second": [], "difference": []}, dtype="int64")
    )

    assert duplicates[["first_path", "second_path", "finding"]].to_numpy().tolist() == [["a", "a", "same"]]


def test_texts_are_written_as_they_are(tmp_path: Path) -> None:
    pairs = pd.DataFrame({"first": [0], "second": [3], "difference": [0]})
    duplicates = list_duplicates(ROWS, ["007", "pug", "dingo"], IMAGES.replace("d", "NA"), pairs)
    write_duplicates(tmp_path / "duplicates.csv", duplicates)
    written = (tmp_path / "duplicates.csv").read_text()
    assert written.splitlines()[1] == "train and test,a,NA,train,test,007,"
    read = read_duplicates(tmp_path / "duplicates.csv")
    assert read.iloc[0].tolist()[:-1] == ["train and test", "a", "NA", "train", "test", "007"]
    assert read["second_target"].isna().all()


def test_another_finding_is_refused(tmp_path: Path) -> None:
    pairs = pd.DataFrame({"first": [0], "second": [3], "difference": [0]})
    write_duplicates(tmp_path / "d.csv", list_duplicates(ROWS, SHOWN, IMAGES, pairs).assign(finding="alike"))
    with pytest.raises(
        Refusal, match=r"d.csv: `finding` is 'alike' in row 0, valid are conflict, train and test, same"
    ):
        read_duplicates(tmp_path / "d.csv")


@pytest.mark.parametrize(
    ("difference", "groups", "finding"),
    [(8, [None, None], "conflict"), (9, [None, None], "same"), (0, ["x", "x"], "same"), (0, ["x", "y"], "conflict")],
)
def test_labels_conflict_where_one_image_has_both_outside_of_a_group(
    difference: int, groups: list[str | None], finding: str
) -> None:
    """An empty frame and one with an animal are alike; frames of one burst, and of one patient, may have two labels."""
    pairs = pd.DataFrame({"first": [1], "second": [2], "difference": [difference]})
    rows = ROWS.assign(group=[None, *groups, None])
    assert list_duplicates(rows, SHOWN, IMAGES, pairs)["finding"].tolist() == [finding]
