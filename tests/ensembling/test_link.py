import numpy as np
import pytest
from scipy.special import expit, softmax

from foldline.card.activations import (
    ACTIVATIONS,
    ColumnDistributions,
    Form,
    activation_for,
    form_of,
    holds_probabilities,
)
from foldline.ensembling.link import log_distributions, predictions_from, predictions_of_scores, scores_from

LOGITS = np.random.default_rng(0).normal(size=(50, 2, 4)) * 3


@pytest.mark.parametrize("kind", ACTIVATIONS)
def test_predictions_are_of_their_form(kind) -> None:
    activation = activation_for(kind, (3, 1))
    predictions = predictions_from(LOGITS, activation)
    if form_of(activation) == "distribution":
        np.testing.assert_allclose(predictions.sum(axis=-1), 1, atol=1e-12)
    if isinstance(form_of(activation), ColumnDistributions):
        np.testing.assert_allclose(predictions[..., :3].sum(axis=-1), 1, atol=1e-12)
        np.testing.assert_allclose(predictions[..., 3], 1)
    if holds_probabilities(form_of(activation)):
        assert predictions.min() >= 0
        assert predictions.max() <= 1


def test_values_by_hand() -> None:
    """Above level 0 with 3/4, above level 1 with 1/2: a quarter, a quarter, a half."""
    logits = np.log([[3.0, 1.0]])
    np.testing.assert_allclose(predictions_from(logits, "cumulative"), [[0.25, 0.25, 0.5]])
    np.testing.assert_allclose(predictions_from(logits, "normalised_sigmoid"), [[0.6, 0.4]])
    np.testing.assert_allclose(predictions_from(logits, "sigmoid"), [[0.75, 0.5]])
    both = activation_for("column_softmax", (2, 3))
    np.testing.assert_allclose(predictions_from(np.log([[3.0, 1, 1, 2, 1]]), both), [[0.75, 0.25, 0.25, 0.5, 0.25]])


def test_thresholds_that_cross_make_no_negative_probability() -> None:
    np.testing.assert_allclose(predictions_from(np.array([[0.0, 5.0]]), "cumulative"), [[0.5, 0, 0.5]])


def test_tiny_sigmoids_have_a_sum_too() -> None:
    np.testing.assert_allclose(predictions_from(np.array([[-1000.0, -1000.0]]), "normalised_sigmoid"), [[0.5, 0.5]])


@pytest.mark.parametrize(
    ("form", "predictions"),
    [
        ("distribution", softmax(LOGITS, axis=-1)),
        ("independent", expit(LOGITS)),
        ("value", LOGITS),
        (
            ColumnDistributions(kind="column_distributions", sizes=(1, 3)),
            np.concatenate([np.ones((50, 2, 1)), softmax(LOGITS[..., 1:], axis=-1)], axis=-1),
        ),
    ],
)
def test_scores_lead_back_to_the_predictions(form: Form, predictions: np.ndarray) -> None:
    np.testing.assert_allclose(predictions_of_scores(scores_from(predictions, form), form), predictions, atol=1e-9)


@pytest.mark.parametrize("form", ["distribution", ColumnDistributions(kind="column_distributions", sizes=(2, 2))])
def test_logarithms_of_distributions(form: Form) -> None:
    np.testing.assert_allclose(log_distributions(LOGITS, form), np.log(predictions_of_scores(LOGITS, form)))
    assert np.isfinite(log_distributions(np.array([[1e4, -1e4, 1e4, -1e4]]), form)).all()
