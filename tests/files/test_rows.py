from pathlib import Path

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows, tabular_columns, write_rows

ROWS = pd.DataFrame(
    {
        "part": ["train", "train", "test"],
        "row_id": ["007", "1e5", "007"],
        "group": [None, "g", None],
    },
    dtype="str",
)


def test_rows_read_back_as_they_were(tmp_path: Path) -> None:
    write_rows(tmp_path / "rows.parquet", ROWS)

    pd.testing.assert_frame_equal(read_rows(tmp_path / "rows.parquet"), ROWS)


def test_equal_rows_are_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_rows(tmp_path / name, ROWS.copy())

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_features_are_numbers_or_text(tmp_path: Path) -> None:
    rows = ROWS.assign(**{"tabular:age": [45.5, None, 3.0], "tabular:sex": pd.Series([None, "f", "NA"], dtype="str")})
    write_rows(tmp_path / "rows.parquet", rows)

    found = read_rows(tmp_path / "rows.parquet")
    pd.testing.assert_frame_equal(found, rows)
    assert tabular_columns(found) == ["tabular:age", "tabular:sex"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"part": ["train", "valid", "test"]}, "`part` is 'valid' in row 1, valid are train, test"),
        ({"part": ["test", "train", "test"], "row_id": ["a", "b", "c"]}, "row 1 breaks the order"),
        ({"row_id": ["007", None, "007"]}, "1 rows have no `row_id`, the first is row 1"),
        ({"row_id": ["007", "007", "007"]}, "1 rows repeat an earlier one's key"),
        ({"tabular:age": [1, 2, 3]}, "`tabular:age` is int64, a feature is float64 or text"),
        ({"tabular:age": [1.0, float("inf"), 3.0]}, "`tabular:age` is infinite in row 1"),
    ],
)
def test_untrue_rows_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    path = tmp_path / "rows.parquet"
    ROWS.assign(**change).to_parquet(path, index=False)

    with pytest.raises(Refusal) as refusal:
        read_rows(path)

    assert str(refusal.value).startswith(f"{path}: ")
    assert message in str(refusal.value)


def test_a_missing_column_is_refused_on_writing_too(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="column group is missing"):
        write_rows(tmp_path / "rows.parquet", ROWS.drop(columns="group"))

    assert list(tmp_path.iterdir()) == []
