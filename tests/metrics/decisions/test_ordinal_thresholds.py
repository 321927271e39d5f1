from itertools import combinations
from typing import Literal

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from foldline.files.refusal import Refusal
from foldline.metrics.decisions.ordinal_thresholds import OrdinalThresholds, expected_levels, fit_ordinal_thresholds

HALF_WAY = OrdinalThresholds(kind="ordinal_thresholds", thresholds=(0.5, 1.5))


def drawn(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    targets = generator.integers(0, 4, rows)
    return targets, (0.6 * targets + generator.normal(scale=0.5, size=rows)).astype(np.float32)[:, None]


def test_half_way_rounds_to_the_nearest_level() -> None:
    values = np.array([[-3], [0.4], [0.6], [1.5], [9]], np.float32)
    assert HALF_WAY(values).tolist() == [0, 0, 1, 2, 2]


def test_the_expected_level_is_the_mean_of_the_probabilities() -> None:
    predictions = np.array([[0.5, 0.25, 0.25], [0, 0, 1]], np.float32)
    assert expected_levels(predictions).tolist() == [0.75, 2]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("power", "weights"), [(1, "linear"), (2, "quadratic")])
def test_no_other_cuts_give_a_higher_kappa(power: Literal[1, 2], weights: str, seed: int) -> None:
    """All triples of thresholds between 16 rows."""
    targets, values = drawn(16, seed)
    rule = fit_ordinal_thresholds(values, targets, 4, power)
    scores = values[:, 0].astype(float)
    best = max(
        cohen_kappa_score(targets, np.searchsorted(thresholds, scores, side="right"), weights=weights, labels=range(4))
        for thresholds in combinations(np.sort(scores), 3)
    )
    found = cohen_kappa_score(targets, rule(values), weights=weights, labels=range(4))
    assert found >= best - 1e-9


@pytest.mark.parametrize("rows", [2, 3, 10])
def test_the_highest_row_may_be_a_level_of_its_own(rows: int) -> None:
    values, targets = np.arange(rows, dtype=np.float32)[:, None], (np.arange(rows) == rows - 1).astype(np.int64)
    assert fit_ordinal_thresholds(values, targets, 2, power=2)(values).tolist() == targets.tolist()


def test_a_level_without_rows_gets_none() -> None:
    targets, values = drawn(60, 0)
    rule = fit_ordinal_thresholds(values, np.minimum(targets, 2), 4, power=2)
    assert isinstance(rule, OrdinalThresholds)
    assert set(rule(values)) <= {0, 1, 2}


def test_nan_is_refused_with_the_row() -> None:
    with pytest.raises(Refusal, match="value of row 1 cannot be scored"):
        HALF_WAY(np.array([[1], [np.nan]], np.float32))
