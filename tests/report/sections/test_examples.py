"""Which rows are shown, what is said of them, and of which outputs a map is wanted, by hand-worked values."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from foldline.report.page import Gallery, Words
from foldline.report.pictures import Pictures
from foldline.report.row_figures import row_lines
from foldline.report.sections.examples import (
    MOST_DRAWN,
    Asked,
    FoundMaps,
    asked_outputs,
    examples,
    share_of_worst_tenth,
)
from tests.report.drawn import drawn

LABELS = {"kind": "multilabel", "labels": {"kind": "columns", "columns": ["a", "b"]}, "group": None}
NUMBERS = {"kind": "regression", "values": {"kind": "columns", "columns": ["a", "b"]}, "group": None}
COLUMNS = {"kind": "multioutput", "columns": ["x", "y"], "group": None}
LEVELS = {"kind": "ordinal", "column": "level", "levels": None, "group": None}
WRONG, RIGHT = (drawn([label], [[0.25, 0.75]]) for label in (0, 1))
OF_SET, OF_NUMBERS = {"kind": "binary_log_loss"}, {"kind": "mean_column_rmse"}
SEVERAL = drawn(
    np.uint8([[1, 0]]), [[0.75, 0.625]], classes=("a", "b"), target=LABELS, form="independent", metric=OF_SET
)
TWO = drawn(
    np.float32([[1, np.nan], [3, 5]]),
    [[2, 9], [3.5, 1]],
    classes=("a", "b"),
    target=NUMBERS,
    form="value",
    metric=OF_NUMBERS,
)
NONE_KNOWN = drawn(
    np.float32([[np.nan, np.nan], [3, 5]]),
    [[2, 9], [3.5, 1]],
    classes=("a", "b"),
    target=NUMBERS,
    form="value",
    metric=OF_NUMBERS,
)
BY_COLUMN = drawn(
    np.array([[0, 3], [1, -1]]),
    [[0.5, 0.5, 0.125, 0.25, 0.625], [0.9, 0.1, 0.2, 0.3, 0.5]],
    classes=("x=0", "x=1", "y=0", "y=1", "y=2"),
    target=COLUMNS,
    form={"kind": "column_distributions", "sizes": [2, 3]},
    metric={"kind": "mean_column_accuracy", "weights": None},
    answers=np.array([[0, 4], [0, 4]]),
)
ONE_NUMBER = drawn(
    [2], [[0.75]], classes=("0", "1", "2"), target=LEVELS, form="level",
    metric={"kind": "quadratic_weighted_kappa"}, answers=np.array([1]),
)  # fmt: skip


def nothing(asked: Asked) -> FoundMaps:
    return FoundMaps({}, "There are no maps.")


def test_the_worst_tenth_is_rounded_up() -> None:
    assert share_of_worst_tenth(np.array([4.0, *[0.4] * 10, 0.0])) == (pytest.approx(4.4 / 8), 2)
    assert share_of_worst_tenth(np.zeros(5)) == (0, 1)
    assert share_of_worst_tenth(np.array([np.nan, 3, 1])) == (0.75, 1)


def test_sure_and_wrong_comes_first_and_even_chances_are_the_unsure() -> None:
    after = np.full((40, 2), 0.5)
    after[:, 0] = np.linspace(0.9, 0.99, 40)
    after[:, 1] = 1 - after[:, 0]
    after[7], after[9] = (0.001, 0.999), (0.5, 0.5)
    section = examples(drawn(np.zeros(40, int), after), Pictures(np.zeros((40, 8, 8, 3), np.uint8)), nothing)
    said, worst, unsure, control = section.body
    assert isinstance(said, Words)
    for gallery, first in ((worst, "r7"), (unsure, "r9")):
        assert isinstance(gallery, Gallery)
        assert gallery.figures[0].lines[0] == first
    assert isinstance(control, Gallery)
    assert len({figure.lines[0] for figure in control.figures}) == MOST_DRAWN
    again = examples(drawn(np.zeros(40, int), after), Pictures(np.zeros((40, 8, 8, 3), np.uint8)), nothing)
    assert again.body[-1] == control, "the same at every run"
    share = np.sort(-np.log(after[:, 0]))[-4:].sum() / -np.log(after[:, 0]).sum()
    assert section.title == f"The worst tenth of the rows carries {share:.0%} of the loss"


def test_maps_lie_over_the_pictures_that_they_are_of() -> None:
    asked_of: list[Asked] = []

    def maps_of(asked: Asked) -> FoundMaps:
        asked_of.append(asked)
        return FoundMaps({(0, output): np.eye(3, dtype=np.float32) for output in asked[0]}, "Orange.")

    pictures = Pictures(np.zeros((2, 8, 8, 3), np.uint8))
    section = examples(drawn([0, 1], [[0.25, 0.75], [0.25, 0.75]]), pictures, maps_of)
    assert asked_of == [{0: [0, 1], 1: [1]}]
    worst = section.body[1]
    assert isinstance(worst, Gallery)
    assert worst.figures[0].overlays == [("m0-0", "true: cat"), ("m0-1", "said: dog")]
    assert worst.figures[1].overlays == []
    assert {"m0-0", "m0-1"} <= set(pictures.data)


@pytest.mark.parametrize(
    ("evidence", "lines", "asked"),
    [
        (WRONG, ["true: cat (0.250)", "said: dog (0.750)", "log loss 1.39"], {0: "true: cat", 1: "said: dog"}),
        (RIGHT, ["true: dog (0.750)", "said: dog (0.750)", "log loss 0.288"], {1: "true and said: dog"}),
        (SEVERAL, ["true: a", "said: a 0.75, b 0.625", "log loss 0.634"], {1: "b"}),
        (TWO, ["true: a=1", "said: a 2, b 9", "absolute error 1"], {0: "a"}),
        (NONE_KNOWN, ["true: ", "said: a 2, b 9", "absolute error nan"], {0: "a"}),
        (BY_COLUMN, ["true: x=0, y=1", "said: x=0 0.5, y=2 0.625", "log loss 1.04"], {3: "true: y=1", 4: "said: y=2"}),
        (ONE_NUMBER, ["true: 2", "said: 0.75", "distance in levels 1.25"], {0: "the number"}),
    ],
    ids=["wrong", "right", "labels", "numbers, one missing", "none known", "labels of columns", "a level"],
)  # fmt: skip
def test_what_is_said_of_a_row(evidence: Any, lines: list[str], asked: dict[int, str]) -> None:
    assert row_lines(evidence, 0)[1:] == lines
    assert asked_outputs(evidence, 0) == asked


def test_a_set_is_what_the_rule_makes_of_it() -> None:
    """By a threshold above its probability a likely label is not said."""
    sets = {"kind": "samples_f_beta", "beta": 2}
    of_sets = drawn(SEVERAL.targets, SEVERAL.after, classes=("a", "b"), target=LABELS, form="independent", metric=sets)
    by_rule = replace(of_sets, answers=np.array([[True, False]]))
    assert row_lines(by_rule, 0)[2] == "said: a 0.75"
    assert row_lines(replace(by_rule, answers=np.zeros((1, 2), bool)), 0)[2] == "said: nothing"


def test_numbers_are_never_unsure() -> None:
    section = examples(TWO, Pictures(np.zeros((2, 8, 8, 3), np.uint8)), nothing)
    assert [part.title[:9] for part in section.body if isinstance(part, Gallery)] == ["The worst", "A control"]
