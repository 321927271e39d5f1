from itertools import product

import numpy as np
import pytest

from foldline.metrics.decisions.row_sets import fit_rows
from foldline.metrics.decisions.sets import even_thresholds
from foldline.metrics.scores.sets import ScoreOfRows, f_beta_of_rows, jaccard_of_rows, match_of_rows, mean_over_rows


def drawn(seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    targets = (generator.uniform(size=(40, classes)) < 0.4).astype(np.uint8)
    noisy = 0.6 * generator.uniform(size=targets.shape) + 0.25 * targets
    return targets, noisy.round(2).astype(np.float32)


@pytest.mark.parametrize("of_rows", [f_beta_of_rows(1.0), f_beta_of_rows(2.0), jaccard_of_rows, match_of_rows])
@pytest.mark.parametrize("seed", range(3))
def test_no_single_threshold_could_be_better(of_rows: ScoreOfRows, seed: int) -> None:
    """Coordinate ascent ends where no label gains by another threshold; of two labels, at most 2 % below the best."""
    targets, predictions = drawn(seed)
    rule = fit_rows(even_thresholds(2, "allowed"), predictions, targets, of_rows)
    found = mean_over_rows(targets, rule(predictions), of_rows)
    tried = [np.append(np.unique(predictions[:, label]), 2) for label in range(2)]

    def score(first: float, second: float) -> float:
        return mean_over_rows(targets, predictions >= np.array([first, second]), of_rows)

    assert found >= max(score(one, rule.thresholds[1]) for one in tried[0]) - 1e-9
    assert found >= max(score(rule.thresholds[0], one) for one in tried[1]) - 1e-9
    assert found >= 0.98 * max(score(*both) for both in product(*tried))


@pytest.mark.parametrize("of_rows", [f_beta_of_rows(2.0), jaccard_of_rows, match_of_rows])
def test_what_is_fitted_is_never_worse_than_what_was_there(of_rows: ScoreOfRows) -> None:
    """Empty sets refused: the label that stands in is left out of the fit, not out of the choice."""
    for seed in range(5):
        targets, predictions = drawn(seed, classes=5)
        start = even_thresholds(5, "refused")
        fitted = fit_rows(start, predictions, targets, of_rows)
        before, after = (mean_over_rows(targets, rule(predictions), of_rows) for rule in (start, fitted))
        assert after >= before
        assert fitted(predictions).any(axis=1).all()
