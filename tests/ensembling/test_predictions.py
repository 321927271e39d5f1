from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foldline.ensembling.forms import ColumnDistributions, Form, LevelNumber
from foldline.ensembling.predictions import Predictions, read_predictions
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_json
from tests.ensembling.written import write_predictions
from tests.words import DISTRIBUTION, INDEPENDENT, NUMBERS

PROBABILITIES = Predictions(
    out_of_fold=np.array([[0.5, 0.5], [0.25, 0.75], [0, 1]], np.float32),
    test=np.array([[1, 0]], np.float32),
    out_of_fold_ids=("007", "NA", "c"),
    test_ids=("007",),
    folds=np.array([1, 0, 1]),
    classes=("cat", "null"),
    form=DISTRIBUTION,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_predictions(tmp_path / "ensemble", PROBABILITIES)
    read = read_predictions(tmp_path / "ensemble")
    np.testing.assert_array_equal(read.out_of_fold, PROBABILITIES.out_of_fold)
    np.testing.assert_array_equal(read.test, PROBABILITIES.test)
    np.testing.assert_array_equal(read.folds, PROBABILITIES.folds)
    assert (read.out_of_fold_ids, read.test_ids, read.classes) == (("007", "NA", "c"), ("007",), ("cat", "null"))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.5, 0.4], "sums to 0.9"),
        ([np.nan, 1.0], "sums to nan"),
        ([-0.5, 1.5], "its values are -0.5 .. 1.5"),
        ([0.49998, 0.5], "sums to 0.99998"),
    ],
)
@pytest.mark.parametrize("part", ["out_of_fold", "test"])
def test_a_row_that_is_no_distribution_is_named(part: str, row: list[float], message: str, tmp_path: Path) -> None:
    values = getattr(PROBABILITIES, part).copy()
    values[-1] = row
    write_predictions(tmp_path, replace(PROBABILITIES, **{part: values}))
    row_id = getattr(PROBABILITIES, f"{part}_ids")[-1]
    with pytest.raises(
        Refusal, match=rf"{part}\.npy: row {len(values) - 1} \(id '{row_id}'\) is not a distribution: it.*{message}"
    ):
        read_predictions(tmp_path)


def test_float32_rounding_is_no_reason_to_refuse(tmp_path: Path) -> None:
    test = np.full((1, 2), 0.5, np.float32) + np.float32(2e-6)
    write_predictions(tmp_path, replace(PROBABILITIES, test=test))
    assert read_predictions(tmp_path).test.shape == (1, 2)


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_predictions(tmp_path, PROBABILITIES)
    np.save(tmp_path / "test.npy", np.zeros((1, 3), np.float32))
    with pytest.raises(
        Refusal, match=r"expected float32 of \(1, 2\) \(rows of ids.parquet, classes and form of classes.json\)"
    ):
        read_predictions(tmp_path)


@pytest.mark.parametrize(
    ("form", "good", "bad"),
    [
        (INDEPENDENT, [0.9, 0.8], [0.9, 1.1]),
        (INDEPENDENT, [0, 0], [np.nan, 0]),
        (NUMBERS, [-7.5, 1e9], [0, np.inf]),
        (LevelNumber(kind="level"), [-7.5], [np.inf]),
        (ColumnDistributions(kind="column_distributions", sizes=(1, 1)), [1, 1], [1, 0.9]),
    ],
)
def test_each_form_has_its_own_truths(form: Form, good: list[float], bad: list[float], tmp_path: Path) -> None:
    def predictions(row: list[float]) -> Predictions:
        values = np.array([row], np.float32)
        return Predictions(values, values, ("a",), ("b",), np.array([0]), ("cat", "dog"), form)

    write_predictions(tmp_path / "good", predictions(good))
    assert read_predictions(tmp_path / "good").form == form
    write_predictions(tmp_path / "bad", predictions(bad))
    with pytest.raises(Refusal, match=rf"out_of_fold\.npy: row 0 \(id 'a'\) is not a {form.kind}"):
        read_predictions(tmp_path / "bad")


def test_an_unknown_form_is_refused(tmp_path: Path) -> None:
    write_predictions(tmp_path, PROBABILITIES)
    write_json(tmp_path / "classes.json", {"classes": ["cat", "null"], "form": "odds"})
    with pytest.raises(Refusal, match=r"`form` is 'odds'\. Valid: 'distribution', 'independent', 'value'"):
        read_predictions(tmp_path)


def test_each_column_sums_to_one_by_itself(tmp_path: Path) -> None:
    values, form = np.float32([[0.5, 0.5, 1, 0, 0]]), ColumnDistributions(kind="column_distributions", sizes=(2, 3))
    classes = ("x=a", "x=b", "y=0", "y=1", "y=2")
    both = Predictions(values, values, ("a",), ("b",), np.array([0]), classes, form)
    write_predictions(tmp_path, both)
    assert read_predictions(tmp_path).form == form
    write_predictions(tmp_path, replace(both, test=values[:, ::-1]))
    with pytest.raises(Refusal, match=r"test.npy: row 0 \(id 'b'\) is not a column_distributions: it sums to 0, 2,"):
        read_predictions(tmp_path)
    write_json(tmp_path / "classes.json", {"classes": list(classes), "form": {**form.model_dump(), "sizes": [2, 2]}})
    with pytest.raises(Refusal, match=r"classes\.json: columns have 4 classes together, but there are 5 classes\. "):
        read_predictions(tmp_path)
