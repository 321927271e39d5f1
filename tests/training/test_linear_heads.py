"""A linear head is what scikit-learn fits, for whatever is learned."""

import numpy as np
import pytest
from jaxtyping import Float
from scipy.sparse import csr_array
from scipy.special import expit, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from foldline.folds.training_table import soft_targets
from foldline.training.linear_heads import Rows, fit_head

GENERATOR = np.random.default_rng(0)
FEATURES = StandardScaler().fit_transform(GENERATOR.normal(size=(80, 4)))
"""In their units already: what is fitted of these is what scikit-learn fits."""
EQUAL = np.ones(80, np.float32)


def rows(soft: Float[np.ndarray, "rows outputs"], features: np.ndarray = FEATURES) -> Rows:
    return Rows(features, csr_array(soft), soft, np.ones(len(soft), np.float32), (soft.shape[1],))


def test_each_output_is_a_logistic_regression_of_its_own() -> None:
    labels = (FEATURES[:, :2] + GENERATOR.normal(size=(80, 2)) > 0).astype(np.float64)
    matrix, biases = fit_head("each", rows(labels), 2.0)
    for output in range(2):
        expected = LogisticRegression(C=2.0, max_iter=1000).fit(FEATURES, labels[:, output])
        found = expit(FEATURES @ matrix[output] + biases[output])
        assert found == pytest.approx(expected.predict_proba(FEATURES)[:, 1], abs=1e-3)


def test_a_soft_label_is_a_yes_and_a_no_of_its_parts() -> None:
    """A quarter of four rows is one row that says yes and three that say no."""
    quarters = np.full((80, 1), 0.25)
    fourfold = np.repeat(FEATURES, 4, axis=0)
    hard = np.tile([1.0, 0.0, 0.0, 0.0], 80)[:, None]
    matrix, biases = fit_head("above", rows(quarters), 4.0)
    expected, expected_biases = fit_head("above", rows(hard, fourfold), 1.0)
    assert matrix == pytest.approx(expected, abs=1e-3)
    assert biases == pytest.approx(expected_biases, abs=1e-3)


def test_what_is_never_or_always_so_stays_so() -> None:
    labels = np.zeros((80, 2))
    labels[:, 1] = 1
    matrix, biases = fit_head("each", rows(labels), 1.0)
    assert not matrix.any()
    assert expit(biases) == pytest.approx([0, 1], abs=1e-4)


def test_numbers_are_a_ridge_regression_of_the_rows_that_have_them() -> None:
    numbers = FEATURES @ GENERATOR.normal(size=(4, 3)) + GENERATOR.normal(size=(80, 3))
    numbers[::3, 1] = np.nan
    numbers[:, 2] = np.nan
    matrix, biases = fit_head("value", rows(numbers), 0.5)
    for output in range(2):
        known = ~np.isnan(numbers[:, output])
        expected = Ridge(alpha=2.0).fit(FEATURES[known], numbers[known, output])
        assert FEATURES @ matrix[output] + biases[output] == pytest.approx(expected.predict(FEATURES))
    assert not matrix[2].any() and biases[2] == 0


def test_each_column_of_labels_is_a_regression_of_the_rows_that_have_it() -> None:
    labels = GENERATOR.integers(0, 3, 80)
    others = (FEATURES[:, 0] > 0).astype(int)
    soft = np.hstack([soft_targets(labels, 3).toarray(), soft_targets(others, 2).toarray()])
    soft[::4, 3:] = 0  # their second label is missing
    found = Rows(FEATURES, csr_array(soft), soft, EQUAL, (3, 2))
    matrix, biases = fit_head("distribution", found, 1.0)
    logits = FEATURES @ matrix.T + biases
    known = soft[:, 3:].any(axis=1)
    for mine, features, expected in (
        (slice(0, 3), FEATURES, labels),
        (slice(3, 5), FEATURES[known], others[known]),
    ):
        regression = LogisticRegression(max_iter=1000).fit(features, expected)
        assert softmax(logits[:, mine], axis=1) == pytest.approx(regression.predict_proba(FEATURES), abs=1e-3)


def test_features_are_penalised_in_their_own_units() -> None:
    """Of any units and zeros, and one that is the same everywhere: as after scikit-learn's scaler."""
    features = np.column_stack([FEATURES * [1, 100, 0.01, 5] + [0, 3, 7, -2], np.full(80, 4.0)])
    labels = GENERATOR.integers(0, 3, 80)
    matrix, biases = fit_head("distribution", rows(soft_targets(labels, 3).toarray(), features), 0.1)
    expected = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, max_iter=1000)).fit(features, labels)
    assert softmax(features @ matrix.T + biases, axis=1) == pytest.approx(expected.predict_proba(features), abs=1e-3)
