import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.bounds import (
    LOWER_BOUNDS,
    NO_BOUNDS,
    AbsoluteBounds,
    Bounds,
    FittedBounds,
    GivenBounds,
    bounding,
)
from foldline.ensembling.clipping import Clip
from foldline.ensembling.forms import Form
from foldline.ensembling.log_losses import row_losses
from foldline.ensembling.projection import projections
from foldline.ensembling.scales import Scale
from foldline.ensembling.steps import Context
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.ensembling.drawing import scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import DISTRIBUTION, INDEPENDENT

SCORER = scorer_of(metric_of_kind("log_loss"))


def given(unit: str, lower: float, upper: float) -> GivenBounds:
    return GivenBounds(kind="given", unit=unit, lower=lower, upper=upper)


def absolute(bounds: GivenBounds, form: Form, classes: int) -> AbsoluteBounds:
    step = bounds.on(Context(Scale(form), SCORER, classes))
    return step.fit(step.fit_data((), np.zeros(0)), np.zeros(0))


def fitted_bounds(classes: int) -> Bounds:
    return FittedBounds(kind="fitted").on(Context(Scale(DISTRIBUTION), SCORER, classes))


def test_multiples_of_one_over_the_classes_become_absolute() -> None:
    bounds = absolute(given("per_class", 0.01, 9.99), DISTRIBUTION, 10)
    assert (bounds.lower, bounds.upper) == pytest.approx((0.001, 0.999))


def test_absolute_bounds_that_no_row_can_keep_are_refused_with_both_numbers() -> None:
    """Stites (2018) prints 0.01/120 and 0.99/120: 120 x 0.99/120 < 1."""
    with pytest.raises(Refusal, match=r"120 classes between 8.33333e-05 and 0.00825 sum to between 0.01 and 0.99"):
        absolute(given("absolute", 0.01 / 120, 0.99 / 120), DISTRIBUTION, 120)
    with pytest.raises(Refusal, match="sum to between 2 and 9"):
        absolute(given("absolute", 0.2, 0.9), DISTRIBUTION, 10)


def test_probabilities_of_their_own_need_no_common_sum() -> None:
    bounds = absolute(given("absolute", 0.2, 0.9), INDEPENDENT, 10)
    np.testing.assert_allclose(bounding(np.array([[0, 1, 0.5]], np.float32), INDEPENDENT)(bounds), [[0.2, 0.9, 0.5]])


@pytest.mark.parametrize(("lower", "upper"), [(0.01, 0.99), (1.5, 9.0)])
def test_bounds_per_class_that_no_row_can_keep_are_refused_before_any_work(lower: float, upper: float) -> None:
    section = {"bounds": {"kind": "given", "unit": "per_class", "lower": lower, "upper": upper}, "rule": "default"}
    with pytest.raises(Refusal, match=rf"clip.bounds.lower {lower:g}/C and clip.bounds.upper {upper:g}/C cannot sum"):
        parse(section, Clip, "params.yaml", ("clip",))


def test_exchanged_bounds_are_refused() -> None:
    section = {"bounds": {"kind": "given", "unit": "absolute", "lower": 0.9, "upper": 0.1}, "rule": "default"}
    with pytest.raises(Refusal, match=r"clip.bounds.lower is 0.9, above clip.bounds.upper 0.1"):
        parse(section, Clip, "params.yaml", ("clip",))


def test_the_losses_on_the_grid_are_those_of_the_projected_rows() -> None:
    generator = np.random.default_rng(1)
    rows = softmax(generator.normal(size=(200, 5)) * 8, axis=1).astype(np.float32)
    targets = generator.integers(5, size=200)
    table = fitted_bounds(5).fit_data((rows,), targets)
    for column, lower in enumerate(np.array(LOWER_BOUNDS) / 5):
        np.testing.assert_allclose(
            table[:, column], row_losses(projections(rows)(lower, 1.0), targets), rtol=1e-5, atol=1e-6
        )


def test_certain_errors_ask_for_a_bound_and_certain_truths_for_none() -> None:
    """One row in ten is wrong, each with certainty: the least loss gives the others 0.1 together."""
    step = fitted_bounds(4)
    rows = np.tile(np.eye(4, dtype=np.float32)[0], (1000, 1))
    targets = np.where(np.arange(1000) % 10 == 0, 1, 0)
    fitted = step.fit(step.fit_data((rows,), targets), targets)
    assert 0.1 / 3 / 1.4 <= fitted.lower <= 0.1 * 1.4
    right = np.zeros(1000, np.int64)
    assert step.fit(step.fit_data((rows,), right), right) == NO_BOUNDS
