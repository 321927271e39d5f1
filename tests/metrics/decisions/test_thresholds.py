import numpy as np
import pytest

from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.decisions.thresholds import best_threshold, f_beta_score, kappa_score, matthews_score
from foldline.metrics.decisions.weighted_classes import WeightedClasses, fit_balance, fit_label
from tests.metrics.of_kind import scored

RULE = MostProbable(kind="most_probable")


balanced_accuracy, cohen_kappa, matthews = (
    scored(kind) for kind in ("balanced_accuracy", "cohen_kappa", "matthews_correlation")
)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    targets = (generator.uniform(size=80) < 0.2).astype(np.int64)
    scores = (0.5 * generator.uniform(size=80) + 0.3 * targets).round(2).astype(np.float32)
    return targets, np.column_stack([1 - scores, scores])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("at_threshold", "score"),
    [
        (f_beta_score(2.0), scored("f_beta", beta=2)),
        (matthews_score, matthews),
        (kappa_score, cohen_kappa),
    ],
    ids=["f_beta", "matthews_correlation", "kappa"],
)
def test_no_other_threshold_scores_higher(at_threshold, score, seed: int) -> None:
    targets, predictions = drawn(seed)
    rule = fit_label(predictions, targets, at_threshold) or RULE
    shares = predictions[:, 1]
    best = max(score(targets, (shares >= limit).astype(np.int64)) for limit in np.unique(shares))
    assert score(targets, rule(predictions)) == pytest.approx(best, rel=1e-12)


def test_rows_with_a_probability_of_0_are_positive_where_all_are() -> None:
    predictions = np.array([[1, 0], [1, 0], [0.9, 0.1]], np.float32)
    rule = fit_label(predictions, np.array([1, 1, 0]), f_beta_score(1.0)) or RULE
    assert rule(predictions).tolist() == [1, 1, 1]


def test_without_a_positive_row_nothing_is_fitted() -> None:
    _, predictions = drawn(0)
    nothing = np.zeros(80, np.int64)
    assert best_threshold(predictions[:, 1], nothing, matthews_score) is None
    assert fit_label(predictions, nothing, f_beta_score(1.0)) is None


def test_rare_classes_weigh_more() -> None:
    """Six, three and one rows; a class without a row weighs as the most frequent."""
    targets = np.array([0] * 6 + [1] * 3 + [2])
    rule = fit_balance(np.full((10, 4), 0.25, np.float32), targets)
    assert isinstance(rule, WeightedClasses)
    assert rule.weights == (1, 2, 6, 1)


def test_balance_gains_on_calibrated_probabilities() -> None:
    """Classes of 90 and 10 %, told apart by a number whose likelihoods are known."""
    generator = np.random.default_rng(0)
    targets = (generator.uniform(size=2000) < 0.1).astype(np.int64)
    seen = generator.normal(targets, 1)
    odds = 0.1 / 0.9 * np.exp(seen - 0.5)
    predictions = np.column_stack([1 / (1 + odds), odds / (1 + odds)]).astype(np.float32)
    plain, fitted = (
        balanced_accuracy(targets, rule(predictions)) for rule in (RULE, fit_balance(predictions, targets))
    )
    assert fitted > plain + 0.1
