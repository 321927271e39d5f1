"""Every step treats a distribution per column as that many distributions, and a missing label as none."""

from typing import Any

import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.bounds import LOWER_BOUNDS, AbsoluteBounds, FittedBounds, GivenBounds, bounding
from foldline.ensembling.forms import ColumnDistributions
from foldline.ensembling.log_losses import asked_weights, row_losses
from foldline.ensembling.methods import ConvexCombination, HillClimbing, Ranks, Stacking
from foldline.ensembling.projection import projections
from foldline.ensembling.runs import agreement
from foldline.ensembling.scales import OfLogProbabilities, Scale
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.temperature import FittedTemperature
from foldline.ensembling.view_averages import ranks_within
from foldline.ensembling.weight_fitting import fit_pool, pooled
from foldline.files.refusal import Refusal
from foldline.metrics.metric import Metric
from foldline.params.section import parse
from tests.ensembling.drawing import scorer_of
from tests.words import DISTRIBUTION

SIZES, ROWS = (2, 3), 200
FORM = ColumnDistributions(kind="column_distributions", sizes=SIZES)
SCALE = OfLogProbabilities(FORM)
CLASSES = ("x=a", "x=b", "y=0", "y=1", "y=2")
GENERATOR = np.random.default_rng(0)
TRUE = np.column_stack([GENERATOR.integers(0, 2, ROWS), 2 + GENERATOR.integers(0, 3, ROWS)])
KNOWN = np.where(GENERATOR.random((ROWS, 2)) < 0.3, -1, TRUE)
FACT = parse({"kind": "mean_column_log_loss", "weights": None, "class_weights": None}, Metric, "card")
CONVEX = ConvexCombination(kind="convex_combination")
SCORER = scorer_of(FACT.of(CLASSES))
CONTEXT = Context(SCALE, SCORER, 5, ("a", "b"))
OF_PROBABILITIES = Context(Scale(FORM), SCORER, 5)


def drawn(seed: int, sharpness: float = 2.0) -> np.ndarray:
    """Predictions that know something of the truth."""
    logits = np.random.default_rng(seed).normal(size=(ROWS, 5))
    np.put_along_axis(logits, TRUE, np.take_along_axis(logits, TRUE, axis=1) + 1, axis=1)
    both = [softmax(sharpness * logits[:, :2], axis=1), softmax(sharpness * logits[:, 2:], axis=1)]
    return np.hstack(both).astype(np.float32)


PREDICTIONS, OTHERS = drawn(1), drawn(2)


def sums(predictions: np.ndarray) -> np.ndarray:
    return np.column_stack([predictions[:, :2].sum(axis=1), predictions[:, 2:].sum(axis=1)])


def test_a_row_costs_the_mean_over_columns_of_its_known_labels() -> None:
    rows = np.float32([[0.5, 0.5, 0.25, 0.75, 0], [0.5, 0.5, 0.25, 0.75, 0], [0.5, 0.5, 1, 0, 0]])
    asked = np.array([[0, 2], [-1, 2], [-1, -1]])
    assert row_losses(rows, asked).tolist() == pytest.approx([(np.log(2) + np.log(4)) / 2, np.log(4) / 2, 0])
    assert asked_weights(asked, 2).tolist() == [[1 / 2, 1 / 2], [0, 1 / 2], [0, 0]]


def test_bounds_hold_in_each_column_and_cost_what_their_projection_costs() -> None:
    kept = bounding(PREDICTIONS, FORM)(AbsoluteBounds(0.1, 0.7))
    np.testing.assert_allclose(kept[:, :2], projections(PREDICTIONS[:, :2])(0.1, 0.7), rtol=1e-6)
    np.testing.assert_allclose(kept[:, 2:], projections(PREDICTIONS[:, 2:])(0.1, 0.7), rtol=1e-6)
    table = FittedBounds(kind="fitted").on(OF_PROBABILITIES).fit_data((PREDICTIONS,), KNOWN)
    for column, lower in enumerate(np.array(LOWER_BOUNDS) / 3):
        np.testing.assert_allclose(
            table[:, column], row_losses(bounding(PREDICTIONS, FORM)(AbsoluteBounds(lower, 1.0)), KNOWN), atol=1e-6
        )


def test_bounds_are_in_units_of_the_column_with_the_most_classes_and_must_be_possible_in_each() -> None:
    possible = GivenBounds(kind="given", unit="per_class", lower=0.3, upper=2.7)
    bounds = fitted(possible.on(OF_PROBABILITIES))
    assert (bounds.lower, bounds.upper) == pytest.approx((0.1, 0.9))
    with pytest.raises(Refusal, match=r"2 classes between 0\.1 and 0\.4 sum to between 0\.2 and 0\.8, never"):
        fitted(GivenBounds(kind="given", unit="absolute", lower=0.1, upper=0.4).on(OF_PROBABILITIES))


def fitted(step: Step, *inputs: np.ndarray) -> Any:
    return step.fit(step.fit_data(inputs, KNOWN), KNOWN)


def test_bounds_lower_the_loss_and_leave_distributions() -> None:
    certain = drawn(1, sharpness=9.0)
    step = FittedBounds(kind="fitted").on(OF_PROBABILITIES)
    (softer,) = step.apply(fitted(step, certain), (certain,))
    assert SCORER.score(KNOWN, softer) < SCORER.score(KNOWN, certain) - 0.1
    np.testing.assert_allclose(sums(softer), 1, atol=1e-6)


def test_a_temperature_lowers_the_loss_and_leaves_distributions() -> None:
    certain = np.log(drawn(1, sharpness=9.0).astype(np.float64))
    step = FittedTemperature(kind="fitted", softening="kept").on(CONTEXT)
    (softer,) = step.apply(fitted(step, certain), (certain,))
    before, after = (SCALE.predictions(one) for one in (certain, softer))
    assert SCORER.score(KNOWN, after) < SCORER.score(KNOWN, before) - 0.1
    np.testing.assert_allclose(sums(after), 1, atol=1e-6)


@pytest.mark.parametrize(
    "method",
    [
        CONVEX,
        HillClimbing(kind="hill_climbing", rounds=10),
        Stacking(kind="stacking", penalty=1.0),
    ],
)
def test_members_are_weighed_to_less_loss(method: Any) -> None:
    step = method.on(CONTEXT)
    inputs = tuple(np.log(one.astype(np.float64)) for one in (PREDICTIONS, drawn(3, sharpness=6.0)[::-1]))
    setting = fitted(step, *inputs)
    mixed, equal = (SCALE.predictions(step.apply(one, inputs)[0]) for one in (setting, step.default()))
    assert SCORER.score(KNOWN, mixed) < SCORER.score(KNOWN, equal)
    np.testing.assert_allclose(sums(mixed), 1, atol=1e-5)


def test_a_column_without_labels_is_not_stacked_on() -> None:
    """The other is stacked as if it were alone."""
    together = tuple(np.log(one.astype(np.float64)) for one in (PREDICTIONS, OTHERS))
    first = tuple(one[:, :2] for one in together)
    lacking = np.column_stack([TRUE[:, 0], np.full(ROWS, -1)])
    both = fit_pool(together, lacking, SCALE, penalty=1.0)
    alone = fit_pool(first, TRUE[:, 0], OfLogProbabilities(DISTRIBUTION), penalty=1.0)
    np.testing.assert_allclose(both.weights, alone.weights, atol=1e-4)
    np.testing.assert_allclose(both.biases, [*alone.biases, 0, 0, 0], atol=1e-4)
    np.testing.assert_allclose(
        pooled(both, together, SCALE)[:, :2], pooled(alone, first, OfLogProbabilities(DISTRIBUTION)), atol=1e-3
    )


def test_members_disagree_where_they_name_another_label_in_any_column() -> None:
    one = np.float32([[0.6, 0.4, 1, 0, 0], [0.6, 0.4, 1, 0, 0]])
    other = np.float32([[0.9, 0.1, 0.4, 0.3, 0.3], [0.6, 0.4, 0, 1, 0]])
    assert agreement((one, other), FORM).disagreement[0, 1] == 0.5


def test_ranks_are_no_distributions() -> None:
    assert Ranks(kind="ranks")
    with pytest.raises(Refusal, match="ranks of several classes are not a distribution"):
        ranks_within(PREDICTIONS, np.zeros(ROWS, np.int64), FORM)
