"""Levels: distances by hand."""

import numpy as np
import pytest

from foldline.report.page import Chart, LeftOut
from foldline.report.sections.ordinal import distance_table, headline, level_table, ordinal
from tests.report.drawn import drawn

LEVELS = ("none", "mild", "severe")
TRUE, SAID = np.array([0, 0, 0, 1, 2, 2]), np.array([0, 1, 2, 1, 1, 2])


def test_levels_by_hand() -> None:
    table = level_table(TRUE, SAID, LEVELS)
    assert table["level"].tolist() == list(LEVELS)
    assert table["rows"].tolist() == [3, 1, 2]
    assert table["right"].tolist() == pytest.approx([1 / 3, 1, 1 / 2])
    assert table["at most 1 off"].tolist() == pytest.approx([2 / 3, 1, 1])
    assert table["mean distance"].tolist() == pytest.approx([1, 0, -1 / 2])


def test_distances_are_shares_of_the_true_level() -> None:
    table = distance_table(TRUE, SAID, LEVELS)
    assert table[["level", "distance", "rows"]].to_numpy().tolist() == [
        ["none", 0, 1], ["none", 1, 1], ["none", 2, 1], ["mild", 0, 1], ["severe", -1, 1], ["severe", 0, 1]
    ]  # fmt: skip
    assert table["share"].tolist() == pytest.approx([1 / 3] * 3 + [1, 1 / 2, 1 / 2])


def test_the_headline_says_to_which_side_rows_are_off() -> None:
    assert headline(SAID - TRUE) == (
        "50.0% of the levels are right, and 83.3% at most one level off; of the wrong ones 67% are too high"
    )
    assert headline(np.array([0, -1])).endswith("of the wrong ones 100% are too low")
    assert headline(np.array([1, -1])).endswith("at most one level off")


def test_of_levels_alone_there_is_a_section() -> None:
    target = {"kind": "ordinal", "column": "level", "levels": list(LEVELS), "group": None}
    kappa = {"kind": "quadratic_weighted_kappa"}
    found = ordinal(drawn(TRUE, np.eye(3)[SAID], classes=LEVELS, target=target, metric=kappa, answers=SAID))
    assert isinstance(found.body[0], Chart)
    assert "0.667 levels off" in found.lede
    with pytest.raises(LeftOut):
        ordinal(drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]]))
