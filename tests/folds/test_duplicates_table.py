from pathlib import Path

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.folds.duplicates_table import COLUMNS, read_duplicates, write_duplicates

DUPLICATES = pd.DataFrame(
    [("train and test", "001.jpg", "NA", "train", "test", "007", None)], columns=list(COLUMNS), dtype="str"
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_duplicates(tmp_path / "duplicates.csv", DUPLICATES)
    read = read_duplicates(tmp_path / "duplicates.csv")
    assert read.drop(columns="second_target").to_numpy().tolist() == [
        ["train and test", "001.jpg", "NA", "train", "test", "007"]
    ]
    assert read["second_target"].isna().all()


def test_another_finding_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="`finding` is 'alike' in row 0, valid are same, train and test, conflict"):
        write_duplicates(tmp_path / "duplicates.csv", DUPLICATES.assign(finding="alike"))
