from pathlib import Path

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.files.truths import (
    read_csv,
    read_parquet,
    require_among,
    require_columns,
    require_filled,
    require_unique,
    write_csv,
)

PATH = Path("work/rows.parquet")
ROWS = pd.DataFrame({"row_id": ["a", "b", "a"], "fold": [0, 1, 0]})


def test_text_stays_text(tmp_path: Path) -> None:
    """Only an empty field is missing; an id may begin with zeros, a class may be called NA."""
    (tmp_path / "rows.csv").write_text("row_id,target\n007,NA\n1e3,\n")
    rows = read_csv(tmp_path / "rows.csv", ["row_id", "target"], {"row_id": str, "target": str})
    assert rows["row_id"].tolist() == ["007", "1e3"]
    assert rows["target"].iloc[0] == "NA"
    assert pd.isna(rows["target"].iloc[1])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    for read in (lambda: read_csv(tmp_path / "a.csv", [], {}), lambda: read_parquet(tmp_path / "a.parquet", [])):
        with pytest.raises(Refusal, match=r"does not exist\. Run `dvc repro`"):
            read()


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 but no more")
    with pytest.raises(Refusal, match=r"a\.parquet is not a readable parquet file"):
        read_parquet(tmp_path / "a.parquet", [])
    (tmp_path / "a.csv").write_bytes(b'a,b\n"1,2\n')
    with pytest.raises(Refusal, match=r"a\.csv is not a readable csv"):
        read_csv(tmp_path / "a.csv", ["a"], {})


def test_each_truth_names_the_file_the_column_and_the_cure() -> None:
    cure = r"Remove the file and run the stage that writes it\."
    with pytest.raises(Refusal, match=rf"rows.parquet: the column part is missing, found row_id, fold\. {cure}"):
        require_columns(ROWS, PATH, ["row_id", "part"])
    with pytest.raises(Refusal, match=rf"rows.parquet: 1 rows have no `fold`, the first is row 1\. {cure}"):
        require_filled(ROWS.assign(fold=[0, None, 1]), PATH, ["row_id", "fold"])
    with pytest.raises(Refusal, match=rf"1 rows repeat an earlier one's key, the first is row_id 'a', fold 0\. {cure}"):
        require_unique(ROWS, PATH, ["row_id", "fold"])
    with pytest.raises(Refusal, match=rf"`row_id` is 'b' in row 1, valid are a, c\. {cure}"):
        require_among(ROWS, PATH, "row_id", ["a", "c"])


def test_good_tables_pass() -> None:
    require_columns(ROWS, PATH, ["fold"])
    require_filled(ROWS, PATH, ["row_id", "fold"])
    require_unique(ROWS[:2], PATH, ["row_id"])
    require_among(ROWS, PATH, "row_id", ["a", "b"])


def test_a_long_table_is_read_without_a_warning(tmp_path: Path) -> None:
    """Its hash stands in the first row alone; pandas reads blocks of 262,144 rows, and sees texts, then numbers."""
    rows = pd.DataFrame({"row_id": map(str, range(270_000)), "fold": 0, "cluster": 0})
    write_csv(tmp_path / "rows.csv", rows)
    assert read_csv(tmp_path / "rows.csv", ["row_id"], {"row_id": str}).equals(rows)
