"""The curve of docs/clipping.md, on rows whose loss is worked out by hand."""

import numpy as np
import pytest

from benchmarks.clipping import bounded_loss, table

TARGETS = np.array([0, 1])
SURE = np.array([[1.0, 0.0], [0.75, 0.25]])


def test_a_bound_limits_what_a_wrong_row_costs() -> None:
    """Two classes: 0.2 times 1/C is 0.1, so that the sure row keeps 0.9 and the other stays as it is."""
    assert bounded_loss(TARGETS, SURE, 0.2) == pytest.approx(-(np.log(0.9) + np.log(0.25)) / 2, abs=1e-6)
    assert bounded_loss(TARGETS, SURE, 0) == pytest.approx(-np.log(0.25) / 2, abs=1e-6)


def test_a_line_per_bound_and_a_column_per_curve() -> None:
    lines = table(TARGETS, {"one": SURE, "other": SURE})
    assert lines[:3] == ["| lower bound * C | one | other |", "|---|---|---|", "| 0 | 0.6931 | 0.6931 |"]
