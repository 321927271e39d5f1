import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.bounds import (
    NO_BOUNDS,
    AbsoluteBounds,
    FittedBounds,
    GivenBounds,
    losses_at_bounds,
    within,
)
from foldline.ensembling.chain import Chain, Decided, Judge, NestedChain
from foldline.ensembling.clipping import Clip, as_they_are, fill_clipped, fill_cross_fitted, rows_of
from foldline.ensembling.gains import no_gain
from foldline.ensembling.losses import row_losses
from foldline.ensembling.projection import descending, project
from foldline.files import arrays
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.metrics.of_kind import metric_of_kind

JUDGE = Judge(metric_of_kind("log_loss"), as_they_are)


def given(unit: str, lower: float, upper: float) -> GivenBounds:
    return GivenBounds(kind="given", unit=unit, lower=lower, upper=upper)


def test_multiples_of_one_over_the_classes_become_absolute() -> None:
    bounds = given("per_class", 0.01, 9.99).absolute("distribution", 10)
    assert (bounds.lower, bounds.upper) == pytest.approx((0.001, 0.999))


def test_absolute_bounds_that_no_row_can_keep_are_refused_with_both_numbers() -> None:
    """Document 001 prints 0.01/120 and 0.99/120: 120 x 0.99/120 < 1."""
    with pytest.raises(Refusal, match=r"120 classes between 8.33333e-05 and 0.00825 sum to between 0.01 and 0.99"):
        given("absolute", 0.01 / 120, 0.99 / 120).absolute("distribution", 120)
    with pytest.raises(Refusal, match="sum to between 2 and 9"):
        given("absolute", 0.2, 0.9).absolute("distribution", 10)


def test_probabilities_of_their_own_need_no_common_sum() -> None:
    bounds = given("absolute", 0.2, 0.9).absolute("independent", 10)
    np.testing.assert_allclose(within(bounds, np.array([[0, 1, 0.5]], np.float32), "independent"), [[0.2, 0.9, 0.5]])


@pytest.mark.parametrize(("lower", "upper"), [(0.01, 0.99), (1.5, 9.0)])
def test_bounds_per_class_that_no_row_can_keep_are_refused_before_any_work(lower: float, upper: float) -> None:
    section = {"bounds": {"kind": "given", "unit": "per_class", "lower": lower, "upper": upper}, "rule": "default"}
    with pytest.raises(Refusal, match=rf"clip.bounds.lower {lower:g}/C and clip.bounds.upper {upper:g}/C cannot sum"):
        parse(section, Clip, "params.yaml", ("clip",))


def test_exchanged_bounds_are_refused() -> None:
    section = {"bounds": {"kind": "given", "unit": "absolute", "lower": 0.9, "upper": 0.1}, "rule": "default"}
    with pytest.raises(Refusal, match=r"clip.bounds.lower is 0.9, above clip.bounds.upper 0.1"):
        parse(section, Clip, "params.yaml", ("clip",))


def test_a_zero_row_is_refused_by_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 8)
    rows = np.array([[1, 0], [0.5, 0.5], [0, 0]], np.float32)
    step = given("absolute", 0.1, 1.0).step("distribution", 2, JUDGE)
    chain = Chain((Decided(step, AbsoluteBounds(0.1, 1.0), no_gain(step.name, "given")),))
    with pytest.raises(Refusal, match=r"row 2 of the test predictions is all zeros.*\[0. 0.\]"):
        fill_clipped(np.zeros_like(rows), rows_of(rows), chain)
    with pytest.raises(Refusal, match="row 2 of the out-of-fold predictions is all zeros"):
        fill_cross_fitted(np.zeros_like(rows), rows_of(rows), np.zeros(3, np.int64), NestedChain(chain, {0: chain}))


@pytest.mark.parametrize("lower", [0.0, 1e-6, 0.01, 0.124])
def test_the_scale_of_a_sorted_row_is_that_of_its_projection(lower: float) -> None:
    rows = softmax(np.random.default_rng(0).normal(size=(300, 8)) * 6, axis=1)
    scaled = (np.sort(rows, axis=1) * descending(rows).scales(lower, 1.0)[:, None]).clip(lower)
    np.testing.assert_allclose(scaled, np.sort(project(rows, lower, 1.0), axis=1), atol=1e-9)


def test_the_losses_on_the_grid_are_those_of_the_projected_rows() -> None:
    generator = np.random.default_rng(1)
    rows = softmax(generator.normal(size=(200, 5)) * 8, axis=1).astype(np.float32)
    targets = generator.integers(5, size=200)
    table = losses_at_bounds(rows, targets, "distribution", (0.0, 0.001, 0.1))
    for column, lower in enumerate((0.0, 0.001, 0.1)):
        np.testing.assert_allclose(table[:, column], row_losses(project(rows, lower, 1.0), targets), atol=1e-6)


def test_certain_errors_ask_for_a_bound_and_certain_truths_for_none() -> None:
    """One row in ten is wrong, each with certainty: the least loss gives the others 0.1 together."""
    step = FittedBounds(kind="fitted").step("distribution", 4, JUDGE)
    rows = np.tile(np.eye(4, dtype=np.float32)[0], (1000, 1))
    targets = np.where(np.arange(1000) % 10 == 0, 1, 0)
    fitted = step.fit(step.evidence((rows,), targets), targets)
    assert 0.1 / 3 / 1.4 <= fitted.lower <= 0.1 * 1.4
    right = np.zeros(1000, np.int64)
    assert step.fit(step.evidence((rows,), right), right) == NO_BOUNDS
