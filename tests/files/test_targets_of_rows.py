from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.files.rows import positions_of, read_targets, write_targets

ROWS = pd.DataFrame({"part": ["train", "train", "test"], "row_id": ["b", "a", "b"]})


@pytest.mark.parametrize(
    "targets",
    [
        np.array([0, 1]),
        np.array([[0, -1], [1, 1]]),
        np.array([[1, 0], [0, 0]], np.uint8),
        np.array([[0.5, np.nan], [0, 1]], np.float32),
    ],
)
def test_targets_read_back_as_they_were(tmp_path: Path, targets: np.ndarray) -> None:
    write_targets(tmp_path / "targets.npy", targets)
    found = read_targets(tmp_path / "targets.npy", ROWS, ("x", "y"))
    assert found.dtype == targets.dtype
    np.testing.assert_array_equal(found, targets)


@pytest.mark.parametrize(
    "targets",
    [
        np.array([0, 1, 1]),
        np.array([0, 2]),
        np.array([0, -2]),
        np.array([[1, 0, 0], [0, 0, 0]], np.uint8),
        np.array([0.5, 1], np.float32),
        np.array([[0.5, 1], [0.5, 1]], np.float64),
    ],
)
def test_targets_of_other_rows_or_classes_are_refused(tmp_path: Path, targets: np.ndarray) -> None:
    write_targets(tmp_path / "targets.npy", targets)
    with pytest.raises(Refusal, match=r"are not the targets of the 2 train rows and 2 classes .* -f -s prepare"):
        read_targets(tmp_path / "targets.npy", ROWS, ("x", "y"))


def test_an_absent_or_torn_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "targets.npy"
    with pytest.raises(Refusal, match=r"targets.npy"):
        read_targets(path, ROWS, ("x", "y"))
    path.write_bytes(b"\x93NUMPY")
    with pytest.raises(Refusal, match=r"targets.npy is not a readable .npy file"):
        read_targets(path, ROWS, ("x", "y"))


def test_a_row_is_found_among_the_train_rows() -> None:
    assert positions_of(ROWS, ["a", "b"]).tolist() == [1, 0]
    with pytest.raises(Refusal, match="has no train rows c"):
        positions_of(ROWS, ["a", "c"])


def test_refuses_infinite_targets(tmp_path: Path) -> None:
    rows = pd.DataFrame({"part": ["train"] * 2, "row_id": ["a", "b"]})
    path = tmp_path / "targets.npy"
    np.save(path, np.array([[1.0], [np.nan]], np.float32))
    assert len(read_targets(path, rows, ["x"])) == 2
    np.save(path, np.array([[1.0], [np.inf]], np.float32))
    with pytest.raises(Refusal, match="or infinite numbers"):
        read_targets(path, rows, ["x"])
