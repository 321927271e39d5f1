"""What trainings learn from: written and read alike, and refused where it is of other rows."""

from dataclasses import replace
from pathlib import Path

import grimp
import numpy as np
import pytest

from foldline.files.refusal import Refusal
from foldline.folds.training_table import graded_entries, read_training_table, soft_targets, write_training_table

NAN = np.nan


@pytest.mark.parametrize(
    ("graded", "expected"),
    [
        (np.array([2, 0]), [[0, 0, 1], [1, 0, 0]]),
        (np.array([[0, 2], [1, -1], [-1, -1]]), [[1, 0, 1], [0, 1, 0], [0, 0, 0]]),
        (np.array([[1, 0, 1], [0, 0, 0]], np.uint8), [[1, 0, 1], [0, 0, 0]]),
        (np.array([[0.25, 0, 0.75]], np.float32), [[0.25, 0, 0.75]]),
        (np.array([[-1.5, NAN, 0.0]], np.float32), [[-1.5, NAN, 0]]),
    ],
    ids=["labels", "several labels", "sets", "shares", "numbers"],
)
def test_soft_targets(graded: np.ndarray, expected: list[list[float]], tmp_path: Path) -> None:
    np.testing.assert_array_equal(soft_targets(graded, 3).toarray(), np.array(expected, np.float32))
    table = graded_entries(np.arange(len(graded)), graded, 3)
    write_training_table(tmp_path / "training.parquet", table)
    found = read_training_table(tmp_path / "training.parquet", len(graded), 3)
    np.testing.assert_array_equal(found.targets.toarray(), table.targets.toarray())
    assert (found.rows.tolist(), found.weights.tolist()) == (table.rows.tolist(), table.weights.tolist())
    assert found.sources == table.sources == ("graded",) * len(graded)


def test_a_row_may_stand_there_twice_with_weights_and_sources_of_its_own(tmp_path: Path) -> None:
    table = graded_entries(np.array([1, 0, 1]), np.array([2, 0]), 3)
    table = replace(table, weights=np.array([1, 0.5, 0], np.float32), sources=("graded", "graded", "relabelled"))
    write_training_table(tmp_path / "training.parquet", table)
    found = read_training_table(tmp_path / "training.parquet", 2, 3)
    assert (found.rows.tolist(), found.weights.tolist(), found.sources) == ([1, 0, 1], [1, 0.5, 0], table.sources)


@pytest.mark.parametrize(("rows", "classes", "weight"), [(1, 3, 1.0), (2, 2, 1.0), (2, 3, -1.0), (2, 3, NAN)])
def test_refuses_a_table_of_other_rows(rows: int, classes: int, weight: float, tmp_path: Path) -> None:
    table = replace(graded_entries(np.arange(2), np.array([2, 0]), 3), weights=np.array([1, weight], np.float32))
    write_training_table(tmp_path / "training.parquet", table)
    with pytest.raises(Refusal, match=r"training.parquet has rows or classes that .* Run `dvc repro -f -s split`"):
        read_training_table(tmp_path / "training.parquet", rows, classes)


@pytest.mark.parametrize(
    ("targets", "weight", "words"), [(np.inf, 1, "infinite"), (1, np.inf, "weights that are negative or not finite")]
)
def test_refuses_numbers_that_are_not_finite(targets: float, weight: float, words: str, tmp_path: Path) -> None:
    table = graded_entries(np.arange(2), np.array([[targets], [NAN]], np.float32), 1)
    path = tmp_path / "training.parquet"
    write_training_table(path, replace(table, weights=np.array([weight, 1], np.float32)))
    with pytest.raises(Refusal, match=words):
        read_training_table(path, 2, 1)


def test_refuses_what_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "training.parquet"
    with pytest.raises(Refusal, match=r"training.parquet does not exist"):
        read_training_table(path, 2, 3)
    path.write_bytes(b"PAR1 half a tab")
    with pytest.raises(Refusal, match=r"training.parquet is not a training table"):
        read_training_table(path, 2, 3)


def test_nothing_but_split_and_training_knows_it() -> None:
    """Validation, grading and gains read graded targets alone. The preview shows what training makes of them."""
    graph = grimp.build_graph("foldline", "pipelines")
    readers = graph.find_modules_that_directly_import("foldline.folds.training_table")
    assert {name for name in readers if not name.startswith("foldline.training.")} == {
        "pipelines.split",
        "pipelines.fold_training",
        "foldline.report.sections.augmented",
    }
    for script in ("predict", "ensemble", "clip", "blend", "compare"):
        chain = graph.find_shortest_chain(f"pipelines.{script}", "foldline.folds.training_table")
        assert chain is None or "foldline.training.fold_samples" in chain, chain
