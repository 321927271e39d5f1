from pathlib import Path

import numpy as np
import pytest

from foldline.files import arrays
from foldline.files.arrays import create_array, gather, open_array, put, row_blocks, take
from foldline.files.refusal import Refusal


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (10, 3), (7, 2, 5), (5, 10_000_000)])
def test_blocks_cover_the_rows_in_order(shape: tuple[int, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 40)
    rows = [row for block in row_blocks(shape) for row in range(shape[0])[block]]
    assert rows == list(range(shape[0]))


def test_blocks_hold_about_the_bytes_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 48)
    assert [block.stop - block.start for block in row_blocks((9, 3))] == [4, 4, 1]


def test_what_is_put_is_taken_whoever_opened_the_file(tmp_path: Path) -> None:
    written = create_array(tmp_path / "a.npy", (4, 2))
    put(written, np.array([2, 0]), np.array([[1, 2], [3, 4]], np.float32))
    put(written, slice(3, 4), np.array([[5, 6]], np.float32))
    expected = [[3, 4], [0, 0], [1, 2], [5, 6]]
    for values in (written, open_array(tmp_path / "a.npy", (4, 2), "rows, columns"), np.load(tmp_path / "a.npy")):
        np.testing.assert_array_equal(take(values, slice(0, 4)), expected)
        np.testing.assert_array_equal(take(values, np.array([3, 0])), [[5, 6], [3, 4]])


def test_a_copy_is_taken(tmp_path: Path) -> None:
    values = np.zeros((2, 2), np.float32)
    take(values, slice(0, 1))[:] = 1
    assert not values.any()


def test_rows_from_anywhere_are_gathered_in_the_order_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.arange(20, dtype=np.float32).reshape(10, 2)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 24)
    index = np.array([9, 0, 3, 3, 7])
    np.testing.assert_array_equal(gather(values, index), values[index])


def test_a_slice_of_a_mapped_file_is_taken_from_its_own_rows(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(8, dtype=np.float32).reshape(4, 2))
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    np.testing.assert_array_equal(take(mapped[2:], slice(0, 1)), [[4, 5]])


def test_empty_arrays_are_written_and_read(tmp_path: Path) -> None:
    assert create_array(tmp_path / "a.npy", (0, 2, 3)).shape == (0, 2, 3)
    assert open_array(tmp_path / "a.npy", (0, 2, 3), "rows").shape == (0, 2, 3)


def test_a_read_array_is_read_only(tmp_path: Path) -> None:
    create_array(tmp_path / "a.npy", (2, 2))
    with pytest.raises(ValueError, match="read-only"):
        put(open_array(tmp_path / "a.npy", (2, 2), "rows"), slice(0, 1), np.ones((1, 2), np.float32))


def test_a_missing_damaged_or_wrong_array_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    with pytest.raises(Refusal, match=r"a\.npy does not exist"):
        open_array(path, (2, 2), "rows")
    np.save(path, np.zeros((2, 2)))
    with pytest.raises(Refusal, match=r"float64 of shape \(2, 2\), expected float32 of \(2, 3\) \(rows, classes\)"):
        open_array(path, (2, 3), "rows, classes")
    create_array(path, (1000, 3))
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(Refusal, match="is not a readable array"):
        open_array(path, (1000, 3), "rows")
