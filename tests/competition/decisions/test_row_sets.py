from itertools import product

import numpy as np
import pytest

from foldline.competition.decisions.row_sets import fit_row_f_beta
from foldline.competition.decisions.sets import even_thresholds
from foldline.competition.scores.sets import mean_row_f_beta


def drawn(seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    targets = (generator.uniform(size=(40, classes)) < 0.4).astype(np.uint8)
    noisy = 0.6 * generator.uniform(size=targets.shape) + 0.25 * targets
    return targets, noisy.round(2).astype(np.float32)


@pytest.mark.parametrize("beta", [1.0, 2.0])
@pytest.mark.parametrize("seed", range(3))
def test_no_single_threshold_could_be_better(beta: float, seed: int) -> None:
    """Coordinate ascent ends where no label gains by another threshold; of two labels, at most 2 % below the best."""
    targets, predictions = drawn(seed)
    rule = fit_row_f_beta(even_thresholds(2, "allowed"), predictions, targets, beta)
    found = mean_row_f_beta(targets, rule(predictions), beta)
    tried = [np.append(np.unique(predictions[:, label]), 2) for label in range(2)]

    def score(first: float, second: float) -> float:
        return mean_row_f_beta(targets, predictions >= np.array([first, second]), beta)

    assert found >= max(score(one, rule.thresholds[1]) for one in tried[0]) - 1e-9
    assert found >= max(score(rule.thresholds[0], one) for one in tried[1]) - 1e-9
    assert found >= 0.98 * max(score(*both) for both in product(*tried))


def test_what_is_fitted_is_never_worse_than_what_was_there() -> None:
    """Empty sets refused: the label that stands in is left out of the fit, not out of the choice."""
    for seed in range(5):
        targets, predictions = drawn(seed, classes=5)
        start = even_thresholds(5, "refused")
        fitted = fit_row_f_beta(start, predictions, targets, 2.0)
        before, after = (mean_row_f_beta(targets, rule(predictions), 2.0) for rule in (start, fitted))
        assert after >= before
        assert fitted(predictions).any(axis=1).all()
