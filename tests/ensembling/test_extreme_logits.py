"""Every average, and every step of every kind, on logits as extreme as a float32 model may give, ties among them."""

from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays

from foldline.card.activations import Activation
from foldline.ensembling.bounds import Bounds
from foldline.ensembling.clipping import Decision, KindsOfBounds
from foldline.ensembling.ensembling import Methods, Temperatures
from foldline.ensembling.forms import Form, form_of
from foldline.ensembling.methods import Method, Stacking
from foldline.ensembling.predictions import _of_form
from foldline.ensembling.scales import Scale, scale_of
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context, Step, inputs_at
from foldline.ensembling.temperature import Temperature
from foldline.files.compact import IN_MEMORY, compact_array, record_dtype
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.params.kinds import by_kind
from tests.ensembling.drawing import scorer_of
from tests.ensembling.test_scales import (
    ACTIVATIONS,
    NAMES,
    Decimal,
    Row,
    decimals,
    mean,
    probabilities,
    sigmoid,
)
from tests.metrics.of_kind import metric_of_kind
from tests.words import AVERAGES, DISTRIBUTION, IN_SCORES, INDEPENDENT, PLAIN, SIGMOID, SOFTMAX

OUTPUTS = 5
EDGES = (0.0, 1.0, 17.33, 36.7, 88.8, 103.9, 745.2, 1e4)
EXTREMES = float(np.finfo(np.float32).max)


def numbers(most: float) -> st.SearchStrategy[float]:
    edges = [sign * edge for edge in (*EDGES, most) if edge <= most for sign in (1, -1)]
    return st.sampled_from(edges).map(lambda one: float(np.float32(one))) | st.floats(-most, most, width=32)


def logits(arrays_count: int, rows: int, outputs: int = OUTPUTS, most: float = 1e4) -> st.SearchStrategy[np.ndarray]:
    return arrays(np.float32, (arrays_count, rows, outputs), elements=numbers(most))


def log_odds(present: Row, absent: Row) -> list[float]:
    return [float(yes.ln() - no.ln()) for yes, no in zip(present, absent, strict=True)]


def logs(row: Row) -> list[float]:
    return [float(max(one, Decimal("-1e6").exp()).ln()) for one in row]


def expected_mean(views: np.ndarray, activation: Activation) -> list[list[float]]:
    """The scores of the mean of probabilities, in decimals; of a sigmoid the odds of the means of p and of 1 - p."""
    rows = zip(*(decimals(view) for view in views), strict=True)
    if activation.kind != "sigmoid":
        return [logs(mean([probabilities(one, activation) for one in row])) for row in rows]
    each = (tuple(mean([[sigmoid(sign * x) for x in one] for one in row]) for sign in (1, -1)) for row in rows)
    return [log_odds(present, absent) for present, absent in each]


def expected_geometric(views: np.ndarray, activation: Activation) -> list[list[float]]:
    """Of the mean of logits."""
    rows = [mean(row) for row in zip(*(decimals(view) for view in views), strict=True)]
    return [
        [*map(float, row)] if activation.kind == "sigmoid" else logs(probabilities(row, activation)) for row in rows
    ]


EXPECTED = {"probabilities": expected_mean, "logits": expected_geometric}


def require_averages(data: st.DataObject, activation: Activation) -> None:
    """Over views, and over folds; ranks have a test of their own, and no logarithm."""
    found, scale = data.draw(logits(3, 2)), scale_of(form_of(activation), OUTPUTS)
    for name, average in AVERAGES.items():
        if average.of_ranks:
            continue
        summands = tuple(average.summand(scale, one, activation) for one in found)
        views = average.of_views(scale, summands, activation)
        expected = EXPECTED[name](found, activation)
        # A difference of two logits of 1e4 has 11 digits.
        np.testing.assert_allclose(views, expected, rtol=1e-9, atol=1e-9)
        folds = average.over_folds(scale, tuple(scale.from_logits(one, activation) for one in found))
        if name == "probabilities" or activation.kind in ("softmax", "sigmoid"):
            np.testing.assert_allclose(folds, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
@given(data=st.data())
@settings(max_examples=3)
def test_every_average_is_that_of_decimals(activation: Activation, data: st.DataObject) -> None:
    require_averages(data, activation)


@pytest.mark.faults
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
@given(data=st.data())
@settings(max_examples=300)
def test_every_average_is_that_of_decimals_at_length(activation: Activation, data: st.DataObject) -> None:
    require_averages(data, activation)


@pytest.mark.parametrize("average", sorted(AVERAGES))
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
@given(data=st.data())
@settings(max_examples=5)
def test_predictions_of_any_float32_are_of_their_form(
    average: str, activation: Activation, data: st.DataObject
) -> None:
    found, scale, how = (
        data.draw(logits(2, 3, most=EXTREMES)),
        scale_of(form_of(activation), OUTPUTS),
        AVERAGES[average],
    )
    if how.of_ranks:
        return
    views = how.of_views(scale, tuple(how.summand(scale, one, activation) for one in found), activation)
    predictions = scale.predictions(how.over_folds(scale, (views, views)))
    assert _of_form(predictions, None, scale.form).all()


def predicted(found: np.ndarray, scale: Scale, activation: Activation) -> tuple[np.ndarray, ...]:
    return tuple(scale.from_logits(one, activation) for one in found)


KEYS: dict[str, Any] = {
    "rounds": 4,
    "penalty": 1.0,
    "softening": "kept",
    "unit": "per_class",
    "lower": 0.01,
    "upper": 4.0,
}
"""An example of each key that a kind has."""
STEPS = [
    kind
    for union, base in ((Methods, Method), (Temperatures, Temperature), (KindsOfBounds, Bounds))
    for kind in by_kind(union, base).values()
]


def settled(kind: type[Step]) -> Step:
    given = {key: KEYS[key] for key in kind.model_fields if key != "kind"}
    return kind(kind=kind.model_fields["kind"].annotation.__args__[0], **given)  # type: ignore[union-attr]


def fitting(kind: type[Step], metrics: tuple[str, ...], scale: Scale, classes: int) -> Step | None:
    """The step for the first of the metrics that it has a use for."""
    for metric in metrics:
        context = Context(scale, scorer_of(metric_of_kind(metric)), classes, ("one", "other"))
        try:
            steps, _ = settled(kind).planned(context)
        except Refusal:
            continue
        if steps:
            return steps[0]
    return None


def require_applied_as_fitted(kind: type[Step], form: Form, metrics: tuple[str, ...], data: st.DataObject) -> None:
    """What a step makes of the rows that it was fitted on is of their form, is made row by row, and is no worse by the
    metric than what it would have left."""
    classes = 2 if metrics[0] == "auc" else OUTPUTS
    activation = SOFTMAX if form.adds_up else SIGMOID
    scores = scale_of(form, classes)
    scale = Scale(form) if issubclass(kind, Bounds) else scores
    step = fitting(kind, metrics, scale, classes)
    if step is None:
        return
    found = predicted(data.draw(logits(2, 8, classes)), scores, activation)
    inputs = (scores.predictions(found[0]),) if issubclass(kind, Bounds) else found
    if issubclass(kind, Temperature):
        inputs = inputs[:1]  # It is fitted to each model by itself, whatever their mean scores.
    if getattr(kind, "takes_ranks", False):
        inputs = (*inputs, *inputs[::-1])
    shape = (8, classes) if not form.adds_up else 8
    targets = data.draw(arrays(np.int64, shape, elements=st.integers(0, 1 if not form.adds_up else classes - 1)))
    if metrics[0] == "auc":
        targets[:2] = 0, 1
    targets = targets.astype(np.uint8) if not form.adds_up else targets
    setting = step.fit(step.fit_data(inputs, targets), targets)
    applied = step.apply(setting, inputs)
    assert _of_form(np.atleast_2d(step.predictions(applied)), None, form).all()
    some = np.array([5, 2])
    for whole, part in zip(applied, step.apply(setting, inputs_at(inputs, some)), strict=True):
        np.testing.assert_allclose(part, whole[some], rtol=1e-9, atol=1e-9)
    if step.is_given or kind is Stacking or not form.adds_up or getattr(kind, "takes_ranks", False):
        return  # fitted to nothing, or to what float32 cannot show; test_scales.py has the pool
    before, after = (
        step.metric.score(targets, step.answers(one)) for one in (step.apply(step.default(), inputs), applied)
    )
    assert step.metric.gain(before, after) >= -1e-6


CASES = [
    pytest.param(form, metrics, id=f"{form.kind}-{metrics[0]}")
    for form, metrics in (
        (DISTRIBUTION, ("log_loss", "accuracy")),
        (DISTRIBUTION, ("auc",)),
        (INDEPENDENT, ("binary_log_loss", "mean_column_auc")),
    )
]


@pytest.mark.parametrize(("form", "metrics"), CASES)
@pytest.mark.parametrize("kind", STEPS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=2)
def test_every_step_is_applied_as_it_was_fitted(
    kind: type[Step], form: Form, metrics: tuple[str, ...], data: st.DataObject
) -> None:
    require_applied_as_fitted(kind, form, metrics, data)


@pytest.mark.faults
@pytest.mark.parametrize(("form", "metrics"), CASES)
@pytest.mark.parametrize("kind", STEPS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=150)
def test_every_step_is_applied_as_it_was_fitted_at_length(
    kind: type[Step], form: Form, metrics: tuple[str, ...], data: st.DataObject
) -> None:
    require_applied_as_fitted(kind, form, metrics, data)


@given(found=logits(2, 8))
@settings(max_examples=10)
def test_a_decision_is_made_as_it_was_fitted(found: np.ndarray) -> None:
    rule = MostProbable(kind="most_probable")
    metric = metric_of_kind("accuracy")
    step = Decision(rule=rule, unknown=None).on(Context(PLAIN, Scorer(metric, rule), OUTPUTS))
    scores, targets = IN_SCORES, np.arange(8) % OUTPUTS
    inputs = (scores.predictions(predicted(found, scores, SOFTMAX)[0]),)
    setting = step.fit(step.fit_data(inputs, targets), targets)
    default, fitted = (
        metric.score(targets, step.answers(step.apply(one, inputs))) for one in (step.default(), setting)
    )
    assert metric.gain(default, fitted) >= 0


@given(found=logits(2, 1, outputs=1))
def test_one_class_is_certain(found: np.ndarray) -> None:
    for average in AVERAGES.values():
        if not average.of_ranks:
            summands = tuple(average.summand(IN_SCORES, one, SOFTMAX) for one in found)
            scores = average.of_views(IN_SCORES, summands, SOFTMAX)
            assert scores.tolist() == [[0.0]]


@given(seed=st.integers(0, 1 << 30), size=st.sampled_from([1.0, 1e4, 7e4, 1e30, EXTREMES]))
@settings(max_examples=8)
def test_thousands_of_classes(seed: int, size: float) -> None:
    """As they are stored: nothing is infinite, and the rows are distributions."""
    classes, generator = 2500, np.random.default_rng(seed)
    dense = (generator.uniform(-1, 1, (3, 2, classes)) * size).astype(np.float32)
    stored = compact_array(np.empty((3, 2), record_dtype("logits")), classes, "logits")
    stored[:] = dense
    assert all(np.isfinite(stored.records[name]).all() for name in ("kept", "others"))
    scale = scale_of(DISTRIBUTION, classes)
    members = tuple(compact_array(stored.records[:, place].astype(IN_MEMORY), classes, "logits") for place in (0, 1))
    for average in AVERAGES.values():
        if average.of_ranks:
            continue
        summands = tuple(average.summand(scale, one, SOFTMAX) for one in members)
        predictions = scale.predictions(average.of_views(scale, summands, SOFTMAX))[:]
        assert np.isfinite(predictions).all()
        np.testing.assert_allclose(predictions.sum(axis=1, dtype=np.float64), 1, atol=1e-5)
    assert (stored.records["classes"][..., 0] == dense.argmax(axis=2)).all()
