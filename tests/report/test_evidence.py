"""Each row's loss is what its definition says, and its label what answers say of it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydantic import TypeAdapter

from foldline.ensembling.forms import Form
from foldline.ensembling.predictions import Predictions
from foldline.ensembling.runs import Run
from foldline.files.compact import MOST_DENSE_CLASSES, create_values
from foldline.metrics.metric import Metric
from foldline.report.evidence import row_losses
from foldline.report.pictures import Pictures
from foldline.report.row_figures import row_lines
from foldline.report.sections.confusion import confusion
from foldline.report.sections.examples import FoundMaps, examples
from foldline.report.sections.rankings import rankings
from foldline.report.sections.reliability import reliability
from foldline.report.sections.scores import scores
from tests.report.drawn import drawn

TOP_TWO = TypeAdapter(Metric).validate_python({"kind": "map_at_k", "k": 2})


def run_of(targets: object, predictions: object, form: str, classes: tuple[str, ...]) -> Run:
    values, truth = np.array(predictions, np.float32), np.array(targets)
    of_form = TypeAdapter(Form).validate_python(form)
    ids = tuple(map(str, range(len(truth))))
    stored = Predictions(values, values[:0], ids, (), np.zeros(len(truth), np.int64), classes, of_form)
    return Run("a run", stored, truth, np.arange(len(truth)), Path())


def loss_of(kind: str, run: Run, **keys: object) -> tuple[list[float], str]:
    metric = TypeAdapter(Metric).validate_python({"kind": kind, **keys}).of(run.predictions.classes)
    losses, name = row_losses(metric, run, run.predictions.out_of_fold)
    return losses.tolist(), name


def test_a_row_costs_what_the_metric_says_where_that_is_a_mean_of_rows() -> None:
    run = run_of([0, 1], [[0.5, 0.5], [0.75, 0.25]], "distribution", ("a", "b"))
    assert loss_of("log_loss", run) == (pytest.approx([np.log(2), np.log(4)]), "log loss")
    assert loss_of("brier", run) == (pytest.approx([0.25, 0.75**2]), "brier")


def test_else_it_costs_what_the_form_says() -> None:
    """By whether labels are right alone, the two wrong rows would be equal."""
    run = run_of([0, 1], [[0.25, 0.75], [0.75, 0.25]], "distribution", ("a", "b"))
    assert loss_of("accuracy", run) == (pytest.approx([np.log(4), np.log(4)]), "log loss")
    numbers = run_of(np.float32([[1], [5]]), [[1.5], [2.0]], "value", ("weight",))
    assert loss_of("rmse", numbers) == (pytest.approx([0.5, 3]), "absolute error")
    levels = run_of([0, 2], [[0.25], [0.5]], "level", ("0", "1", "2"))
    assert loss_of("quadratic_weighted_kappa", levels) == (pytest.approx([0.25, 1.5]), "distance in levels")


def test_several_numbers_count_in_units_of_their_standard_deviation() -> None:
    """Columns 0 and 2, standard deviation 1; 0 and 20, standard deviation 10. A missing number counts nowhere."""
    targets = np.float32([[0, 0], [2, 20], [np.nan, 10]])
    run = run_of(targets, [[1, 0], [2, 25], [7, 10]], "value", ("a", "b"))
    spread = np.nanstd(targets, axis=0)
    expected = [(1 / spread[0] + 0) / 2, (0 + 5 / spread[1]) / 2, 0]
    assert loss_of("mean_column_rmse", run)[0] == pytest.approx(expected)


def test_a_row_of_a_new_class_costs_what_the_highest_probability_does() -> None:
    run = run_of([2, 0], [[0.75, 0.25], [0.5, 0.5]], "distribution", ("a", "b"))
    assert loss_of("accuracy", run)[0] == pytest.approx([np.log(4), np.log(2)])


def test_labels_of_rows_and_their_probabilities() -> None:
    found = drawn([0, 1, 1], [[0.5, 0.25], [0.75, 0.25], [0.25, 0.75]])
    assert found.labels is not None
    assert found.labels.tolist() == [0, 0, 1]
    assert [row_lines(found, row)[1:3] for row in range(3)] == [
        ["true: cat (0.500)", "said: cat (0.500)"],
        ["true: dog (0.250)", "said: cat (0.750)"],
        ["true: dog (0.750)", "said: dog (0.750)"],
    ]
    unseen = {"kind": "ranked", "column": "label", "new_class": "new", "group": None}
    assert row_lines(replace(drawn([0], [[0.25, 0.75]], target=unseen), targets=np.array([2])), 0)[1] == "true: new"


def test_a_column_of_labels_is_a_run_of_its_own() -> None:
    """Of the rows that have a label in it; the classes of the others are nothing to it."""
    found = drawn(
        np.array([[0, 3], [1, -1], [1, 2]]),
        [[0.5, 0.5, 0.125, 0.25, 0.625], [0.75, 0.25, 0.2, 0.3, 0.5], [0.25, 0.75, 0.5, 0.25, 0.25]],
        classes=("x=0", "x=1", "y=0", "y=1", "y=2"),
        target={"kind": "multioutput", "columns": ["x", "y"], "group": None},
        form={"kind": "column_distributions", "sizes": [2, 3]},
        metric={"kind": "mean_column_accuracy", "weights": None},
        answers=np.array([[0, 4], [1, 4], [1, 2]]),
    )
    assert list(found.columns) == ["x", "y"]
    x, y = found.columns.values()
    assert (x.names, y.names) == (("0", "1"), ("0", "1", "2"))
    assert (x.ids, y.ids) == (("r0", "r1", "r2"), ("r0", "r2"))
    assert (x.targets.tolist(), y.targets.tolist()) == ([0, 1, 1], [1, 0])
    assert x.labels is not None and y.labels is not None
    assert (x.labels.tolist(), y.labels.tolist()) == ([0, 1, 1], [2, 0]), "what the metric scores"
    assert y.losses.tolist() == pytest.approx([np.log(4), np.log(2)])
    assert (y.first_images.tolist(), y.folds.tolist()) == ([0, 2], [0, 0])
    assert drawn([0], [[0.5, 0.5]]).columns == {}
    assert list(replace(found, targets=np.array([[-1, 3], [-1, -1], [-1, 2]])).columns) == ["y"]


def test_very_many_classes_stay_compact(tmp_path: Path) -> None:
    """Every section of a run whose predictions no array holds."""
    classes, truth = MOST_DENSE_CLASSES + 1, np.array([0, 1, 2, 2000])
    dense = np.full((4, classes), 0.5 / (classes - 1), np.float32)
    dense[np.arange(4), [0, 1, 3, 2000]] = 0.5
    after = create_values(tmp_path / "after.npy", dense.shape, "probabilities", True)
    after[:] = dense
    names = tuple(f"class {number}" for number in range(classes))
    found = replace(drawn(truth, dense, classes=names), before=after, after=after, answers=after)
    pictures = Pictures(np.zeros((4, 8, 8, 3), np.uint8))
    no_maps = FoundMaps({}, "")
    made = [scores(found, None), confusion(found, pictures), examples(found, pictures, lambda asked: no_maps)]
    titles = [section.title for section in made]
    claimed, ranked = reliability(found), rankings(replace(found, metric=TOP_TWO, answers=np.tile([0, 1], (4, 1))))
    assert len(claimed.body) == 1, "bounds need all classes"
    assert ranked.title.startswith("25.0% of the rows have a class of theirs at the first rank, 50.0%")
    missed = np.log(2 * (classes - 1))
    assert titles[0].startswith(f"Out of fold log loss is {(3 * np.log(2) + missed) / 4:.5f}")
    assert titles[1] == "1 of 4 rows are taken for another class, most often class 2 for class 3 (1 row)"
    assert titles[2] == f"The worst tenth of the rows carries {missed / (3 * np.log(2) + missed):.0%} of the loss"
