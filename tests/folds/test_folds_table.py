import re
from pathlib import Path

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.folds.folds_table import read_folds, write_folds

FOLDS = pd.DataFrame({"row_id": pd.Series(["007", "NA", "7"], dtype="str"), "fold": [1, 0, 1], "cluster": [0, 1, 0]})


def test_folds_read_back_as_they_were(tmp_path: Path) -> None:
    write_folds(tmp_path / "folds.csv", FOLDS)

    written = (tmp_path / "folds.csv").read_text()
    assert re.sub("xxh3:[0-9a-f]{32}", "H", written) == "row_id,fold,cluster,hash\n007,1,0,H\nNA,0,1,\n7,1,0,\n"
    pd.testing.assert_frame_equal(read_folds(tmp_path / "folds.csv"), FOLDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("row_id,fold\na,0\n", "the column cluster is missing"),
        ("row_id,fold,cluster\na,0,0\na,1,1\n", "1 rows repeat an earlier one's key, the first is row_id 'a'"),
        ("row_id,fold,cluster\na,0,0\nb,,1\n", "1 rows have no `fold`"),
        ("row_id,fold,cluster\na,0,0\nb,first,1\n", "`fold` must hold whole numbers"),
        ("row_id,fold,cluster\na,0,0\nb,2,1\n", "`fold` must count from 0 without a gap, found 0, 2"),
        ("row_id,fold,cluster\na,0,0\nb,1,0\n", "1 clusters straddle folds, the first is 0"),
    ],
)
def test_untrue_folds_are_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "folds.csv"
    path.write_text(text)

    with pytest.raises(Refusal) as refusal:
        read_folds(path)

    assert message in str(refusal.value)


def test_folds_that_were_not_made_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"folds\.csv does not exist"):
        read_folds(tmp_path / "folds.csv")
