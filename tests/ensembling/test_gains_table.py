from pathlib import Path

import pandas as pd
import pytest

from foldline.ensembling.gains import COLUMNS, read_gains, write_gains
from foldline.files.refusal import Refusal

GAINS = pd.DataFrame(
    [
        ("temperature", "T = 0.9", 0.02, 0.015, 0.004, 0.01, 0.02, True, "holds for one model"),
        ("clip", None, 0.0, 0.0, *[float("nan")] * 3, False, None),
    ],
    columns=list(COLUMNS),
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_gains(tmp_path / "gains.csv", GAINS)
    read = read_gains(tmp_path / "gains.csv")
    pd.testing.assert_frame_equal(read, GAINS, check_dtype=False)
    assert read["kept"].tolist() == [True, False]


def test_no_step_is_a_table_too(tmp_path: Path) -> None:
    write_gains(tmp_path / "gains.csv", GAINS.iloc[:0])
    assert list(read_gains(tmp_path / "gains.csv").columns) == list(COLUMNS)


def test_a_gain_without_its_nested_estimate_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="1 rows have no `nested`"):
        write_gains(tmp_path / "gains.csv", GAINS.assign(nested=[None, 0.0]))


def test_a_step_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="the first is step 'clip'"):
        write_gains(tmp_path / "gains.csv", GAINS.assign(step="clip"))
