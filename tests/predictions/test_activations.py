import numpy as np
import pytest
from scipy.special import expit, softmax

from foldline.predictions.activations import predictions_from, predictions_of_scores, scores_from
from foldline.tables.activations import ACTIVATIONS, Form, form_of, holds_probabilities

LOGITS = np.random.default_rng(0).normal(size=(50, 2, 4)) * 3


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_predictions_are_of_their_form(activation) -> None:
    predictions = predictions_from(LOGITS, activation)
    if form_of(activation) == "distribution":
        np.testing.assert_allclose(predictions.sum(axis=-1), 1, atol=1e-12)
    if holds_probabilities(form_of(activation)):
        assert predictions.min() >= 0
        assert predictions.max() <= 1


def test_values_by_hand() -> None:
    """Above level 0 with 3/4, above level 1 with 1/2: a quarter, a quarter, a half."""
    logits = np.log([[3.0, 1.0]])
    np.testing.assert_allclose(predictions_from(logits, "cumulative"), [[0.25, 0.25, 0.5]])
    np.testing.assert_allclose(predictions_from(logits, "normalised_sigmoid"), [[0.6, 0.4]])
    np.testing.assert_allclose(predictions_from(logits, "sigmoid"), [[0.75, 0.5]])


def test_thresholds_that_cross_make_no_negative_probability() -> None:
    np.testing.assert_allclose(predictions_from(np.array([[0.0, 5.0]]), "cumulative"), [[0.5, 0, 0.5]])


def test_tiny_sigmoids_have_a_sum_too() -> None:
    np.testing.assert_allclose(predictions_from(np.array([[-1000.0, -1000.0]]), "normalised_sigmoid"), [[0.5, 0.5]])


@pytest.mark.parametrize(
    ("form", "predictions"),
    [("distribution", softmax(LOGITS, axis=-1)), ("independent", expit(LOGITS)), ("value", LOGITS)],
)
def test_scores_lead_back_to_the_predictions(form: Form, predictions: np.ndarray) -> None:
    np.testing.assert_allclose(predictions_of_scores(scores_from(predictions, form), form), predictions, atol=1e-9)
