"""Targets that are shares: every step counts a class as its share, and one that has all is a class."""

import numpy as np
import pytest

from foldline.ensembling.bounds import LOWER_BOUNDS, FittedBounds
from foldline.ensembling.log_losses import row_losses
from foldline.ensembling.methods import ConvexCombination
from foldline.ensembling.projection import projections
from foldline.ensembling.scales import Scale
from foldline.ensembling.steps import Context
from tests.ensembling.drawing import scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import DISTRIBUTION

GENERATOR = np.random.default_rng(0)
VOTED = GENERATOR.dirichlet(np.ones(4) / 2, 60).astype(np.float32)
GUESSED = GENERATOR.dirichlet(np.ones(4), 60).astype(np.float32)
CLASSES = GENERATOR.integers(0, 4, 60)
SCORER = scorer_of(metric_of_kind("kl_divergence"))
CONTEXT = Context(Scale(DISTRIBUTION), SCORER, 4, ("near", "far"))
BOUNDS = FittedBounds(kind="fitted").on(CONTEXT)


def test_a_row_costs_what_its_shares_cost_by_hand() -> None:
    voted, guessed = np.array([[0.25, 0.75]], np.float32), np.array([[0.5, 0.5]], np.float32)
    assert row_losses(guessed, voted).tolist() == pytest.approx([np.log(2)])


def test_losses_differ_from_the_divergence_by_what_no_prediction_changes() -> None:
    other = GENERATOR.dirichlet(np.ones(4), 60).astype(np.float32)
    gained = row_losses(GUESSED, VOTED).mean() - row_losses(other, VOTED).mean()
    assert gained == pytest.approx(SCORER.score(VOTED, GUESSED) - SCORER.score(VOTED, other))


def test_a_share_of_all_is_a_class() -> None:
    certain = np.eye(4, dtype=np.float32)[CLASSES]
    np.testing.assert_allclose(row_losses(GUESSED, certain), row_losses(GUESSED, CLASSES))
    for_shares, for_classes = (BOUNDS.fit_data((GUESSED,), of) for of in (certain, CLASSES))
    np.testing.assert_allclose(for_shares, for_classes)


def test_bounds_cost_what_the_projected_rows_cost() -> None:
    table = BOUNDS.fit_data((GUESSED,), VOTED)
    for column, lower in enumerate(np.array(LOWER_BOUNDS) / 4):
        np.testing.assert_allclose(table[:, column], row_losses(projections(GUESSED)(lower, 1.0), VOTED), atol=1e-6)


def test_convex_weights_are_as_good_as_any() -> None:
    near = (0.5 * VOTED + 0.5 * GUESSED).astype(np.float32)
    members = (near, GENERATOR.dirichlet(np.ones(4), 60).astype(np.float32))
    step = ConvexCombination(kind="convex_combination").on(CONTEXT)

    weights = step.fit(step.fit_data(members, VOTED), VOTED)

    def cost(first: float) -> float:
        return SCORER.score(VOTED, (first * members[0] + (1 - first) * members[1]).astype(np.float32))

    assert cost(weights[0]) <= min(cost(first) for first in np.linspace(0, 1, 201)) + 1e-6
