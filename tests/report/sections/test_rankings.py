"""Hits by rank, by hand: of one class per row, of sets, and of a class that is new."""

from dataclasses import replace

import numpy as np
import pytest

from foldline.report.page import LeftOut
from foldline.report.sections.rankings import hits, rank_table, rankings
from tests.report.drawn import drawn

RANKED = {"kind": "ranked", "column": "label", "new_class": None, "group": None}
TOP_TWO = {"kind": "map_at_k", "k": 2}


def test_a_hit_is_the_rows_class_at_a_rank() -> None:
    ranked = np.array([[2, 0], [1, 2], [0, -1]])
    assert hits(ranked, np.array([2, 2, 1])).tolist() == [[True, False], [False, True], [False, False]]
    sets = np.array([[1, 0, 1], [0, 0, 0], [1, 0, 1]], np.uint8)
    assert hits(ranked, sets).tolist() == [[True, True], [False, False], [True, False]]


def test_shares_add_up_to_those_so_far() -> None:
    table = rank_table(np.array([[True, False], [False, True], [False, False], [True, True]]))
    assert table["rows"].tolist() == [2, 2]
    assert table["hits"].tolist() == [0.5, 0.5]
    assert table["so far"].tolist() == [0.5, 0.75]
    assert ((table["low"] < table["so far"]) & (table["so far"] < table["high"])).all()


def test_the_section_tells_how_many_misses_are_near() -> None:
    """Of classes 2, 1, 0 in this order: rows of class 2 and 1 are hits, one of class 0 is the third."""
    after = np.tile(np.array([[0.1, 0.3, 0.6]], np.float32), (4, 1))
    shape = {"classes": ("a", "b", "c"), "target": RANKED, "metric": TOP_TWO, "answers": np.tile([2, 1], (4, 1))}
    found = rankings(drawn([2, 2, 1, 0], after, **shape))
    assert found.title == "50.0% of the rows have a class of theirs at the first rank, 75.0% among the first 2"
    assert "Of 1 rows without a hit 1 have one among their 3 likeliest classes" in found.lede
    with pytest.raises(LeftOut):
        rankings(drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]]))


@pytest.mark.parametrize("truth", [3, 0])
def test_a_new_class_is_hit_by_the_rule_alone(truth: int) -> None:
    """The rule ranks the new class, position 3, first; the probabilities do not know it."""
    target = RANKED | {"new_class": "other"}
    shape = {"classes": ("a", "b", "c"), "target": target, "metric": TOP_TWO, "losses": np.zeros(1)}
    evidence = drawn([0], [[0.1, 0.3, 0.6]], **shape, answers=np.array([[3, 2]]))
    found = rankings(replace(evidence, targets=np.array([truth])))
    assert found.title.startswith("100.0%" if truth == 3 else "0.0%")
