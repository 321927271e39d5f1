"""Scores of logits as large as a float32 model may give, against decimals of sixty digits."""

from collections.abc import Sequence
from decimal import Decimal, getcontext
from itertools import pairwise

import numpy as np
import pytest

from foldline.card.activations import NEVER, Activation, ColumnSoftmax
from foldline.ensembling.forms import form_of
from foldline.ensembling.log_losses import mean_over_asked
from foldline.ensembling.methods import Stacking
from foldline.ensembling.scales import Scale, scale_of
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.temperature import TEMPERATURES, FittedTemperature
from foldline.ensembling.view_averages import Reading
from foldline.ensembling.weight_fitting import MOST, fit_pool, pooled
from tests.ensembling.drawing import scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import (
    AVERAGES,
    DISTRIBUTION,
    IN_ODDS,
    IN_SCORES,
    INDEPENDENT,
    NUMBERS,
    PLAIN_ACTIVATIONS,
    SIGMOID,
)

getcontext().prec = 60
getcontext().Emin, getcontext().Emax = -(10**9), 10**9
SIZES = (2, 3)
SCORER = scorer_of(metric_of_kind("log_loss"))
ACTIVATIONS: tuple[Activation, ...] = (
    *(one for one in PLAIN_ACTIVATIONS.values() if not one.gives_values),
    ColumnSoftmax.over(SIZES),
)
NAMES = [one.kind for one in ACTIVATIONS]
MAGNITUDES = (0.1, 1.0, 17.33, 40.0, 1e3, 1e4)


def drawn(seed: int, rows: int = 12, outputs: int = 5) -> np.ndarray:
    """Logits of every magnitude, and rows in which one class is certain."""
    generator = np.random.default_rng(seed)
    sizes = np.array(MAGNITUDES)[np.arange(rows) % len(MAGNITUDES), None]
    return (generator.uniform(-1, 1, (rows, outputs)) * sizes).astype(np.float32)


Row = list[Decimal]


def sigmoid(logit: Decimal) -> Decimal:
    return 1 / (1 + (-logit).exp())


def probabilities(row: Row, activation: Activation) -> Row:
    """As docs/design.md writes them."""
    if activation.kind == "sigmoid":
        return [sigmoid(one) for one in row]
    if activation.kind == "cumulative_link":
        falling = [min(row[: place + 1]) for place in range(len(row))]
        middle = [(a.exp() - b.exp()) * sigmoid(-a) * sigmoid(-b) for a, b in pairwise(falling)]
        return [sigmoid(-falling[0]), *middle, sigmoid(falling[-1])]
    if activation.kind == "normalised_sigmoid":
        return shares([sigmoid(one) for one in row])
    return softmaxes(row, SIZES if isinstance(activation, ColumnSoftmax) else (len(row),))


def softmaxes(row: Row, sizes: Sequence[int]) -> Row:
    found, start = [], 0
    for size in sizes:
        mine = row[start : start + size]
        found += shares([(one - max(mine)).exp() for one in mine])
        start += size
    return found


def shares(values: Row) -> Row:
    return [one / sum(values) for one in values]


def mean(rows: Sequence[Row], weights: Sequence[float] | None = None) -> Row:
    heavy = [Decimal(1) / len(rows)] * len(rows) if weights is None else list(map(Decimal, weights))
    return [sum((w * one for w, one in zip(heavy, each, strict=True)), Decimal(0)) for each in zip(*rows, strict=True)]


def logarithms(row: Row, activation: Activation) -> Row:
    """Scores: log p, or log p - log(1 - p)."""
    floor = [max(one, Decimal(NEVER).exp()) for one in row]
    return [one.ln() - ((1 - one).ln() if activation.kind == "sigmoid" else 0) for one in floor]


def assert_scores(found: np.ndarray, expected: Sequence[Row]) -> None:
    np.testing.assert_allclose(found, np.array(expected, float), rtol=1e-11, atol=1e-13)


def decimals(logits: np.ndarray) -> list[Row]:
    return [[Decimal(float(one)) for one in row] for row in logits]


def divided(scale: Scale) -> Step:
    return FittedTemperature(kind="fitted", softening="kept").on(Context(scale, SCORER, 5))


def scale_for(activation: Activation) -> Scale:
    return scale_of(form_of(activation), 5)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_scores_are_the_logarithms_of_probabilities_however_extreme(activation: Activation) -> None:
    logits = drawn(0)
    if activation.kind == "sigmoid":
        logits = logits.clip(-60, 60)  # of more, 1 - p has no digits left: it is a logit as it stands
    found = scale_for(activation).from_logits(logits, activation)
    assert_scores(found, [logarithms(probabilities(row, activation), activation) for row in decimals(logits)])


def test_a_sigmoid_of_17_33_keeps_its_logit() -> None:
    """In float32 its probability is 1, of which the logit was 708."""
    logits = np.float32([[17.33, -17.33, 1e4, -1e4, 0.5]])
    scale = IN_ODDS
    scores = scale.from_logits(logits, SIGMOID)
    np.testing.assert_array_equal(scores, logits)
    np.testing.assert_array_equal(scale.mean((scores,) * 3).round(9), scores.round(9))
    np.testing.assert_array_equal(scale.normalised(scale.mean_of_logits((scores,) * 3)).round(9), scores.round(9))


@pytest.mark.parametrize("weights", [None, (0.25, 0.75, 0.0), (1.0, 0.0, 0.0)])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_means_are_those_of_the_probabilities(activation: Activation, weights: tuple[float, ...] | None) -> None:
    scale, logits = scale_for(activation), [drawn(seed).clip(-60, 60) for seed in range(3)]
    inputs = tuple(scale.from_logits(one, activation) for one in logits)
    found = scale.mean(inputs, None if weights is None else np.array(weights))
    each = [[probabilities(row, activation) for row in decimals(one)] for one in logits]
    expected = [logarithms(mean(rows, weights), activation) for rows in zip(*each, strict=True)]
    assert_scores(found, expected)
    p = [[float(one) for one in mean(rows, weights)] for rows in zip(*each, strict=True)]
    np.testing.assert_allclose(scale.predictions(found), p, rtol=1e-6, atol=1e-38)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_views_are_averaged_as_the_section_says(average: str, activation: Activation) -> None:
    logits = np.stack([drawn(seed).clip(-60, 60) for seed in range(3)], axis=1)
    (found,) = Reading(AVERAGES[average], scale_for(activation), None).read(logits, activation)
    expected = []
    for views in logits:
        rows = decimals(views)
        if average == "logits":
            expected.append(logarithms(probabilities(mean(rows), activation), activation))
        else:
            expected.append(logarithms(mean([probabilities(row, activation) for row in rows]), activation))
    assert_scores(found, expected)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 3.0])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_a_temperature_divides_scores(activation: Activation, temperature: float) -> None:
    scale, logits = scale_for(activation), drawn(1).clip(-60, 60)
    (found,) = divided(scale).apply(temperature, (scale.from_logits(logits, activation),))
    expected = []
    for row in decimals(logits):
        scores = [one / Decimal(temperature) for one in logarithms(probabilities(row, activation), activation)]
        sizes = SIZES if isinstance(activation, ColumnSoftmax) else (len(scores),)
        expected.append(scores if activation.kind == "sigmoid" else [p.ln() for p in softmaxes(scores, sizes)])
    assert_scores(found, expected)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_folds_are_averaged_as_odds_or_as_probabilities(activation: Activation) -> None:
    scale = scale_for(activation)
    inputs = tuple(scale.from_logits(drawn(seed), activation) for seed in range(3))
    geometric = AVERAGES["logits"].over_folds(scale, inputs)
    np.testing.assert_allclose(geometric, scale.normalised(np.mean(inputs, axis=0)), rtol=1e-12)
    assert np.isfinite(geometric).all() and np.isfinite(AVERAGES["probabilities"].over_folds(scale, inputs)).all()


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_predictions_of_extreme_logits_are_of_their_form(activation: Activation) -> None:
    scale = scale_for(activation)
    found = scale.predictions(scale.mean(tuple(scale.from_logits(drawn(seed), activation) for seed in range(4))))
    assert found.dtype == np.float32 and found.min() >= 0 and found.max() <= 1
    if isinstance(activation, ColumnSoftmax):
        np.testing.assert_allclose([found[:, :2].sum(axis=1), found[:, 2:].sum(axis=1)], 1, atol=1e-6)
    elif scale.form.adds_up:
        np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)


def targets_for(activation: Activation, rows: int) -> np.ndarray:
    generator = np.random.default_rng(5)
    if activation.kind == "sigmoid":
        return (generator.random((rows, 5)) < 0.5).astype(np.uint8)
    if isinstance(activation, ColumnSoftmax):
        return np.column_stack([generator.integers(0, 2, rows), generator.integers(2, 5, rows)])
    return generator.integers(0, 5, rows)


def loss(scale: Scale, scores: np.ndarray, targets: np.ndarray) -> float:
    return float(mean_over_asked(-scale.log_of_truth(scores, targets), targets).mean())


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_what_a_temperature_was_fitted_on_is_what_is_applied(activation: Activation) -> None:
    """Each column of the losses that it is chosen by is the loss of the rows that it makes."""
    scale, rows = scale_for(activation), 60
    inputs, targets = (scale.from_logits(drawn(3, rows), activation),), targets_for(activation, rows)
    step = divided(scale)
    losses = step.fit_data(inputs, targets)
    for column, temperature in enumerate(TEMPERATURES):
        (applied,) = step.apply(temperature, inputs)
        assert losses[:, column].mean() == pytest.approx(loss(scale, applied, targets), abs=1e-12)
    assert losses.mean(axis=0).min() == pytest.approx(
        losses[:, TEMPERATURES.index(step.fit(losses, targets))].mean(), abs=1e-11
    )


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=NAMES)
def test_what_a_pool_was_fitted_on_is_what_is_applied(activation: Activation) -> None:
    """No pool near the one that was found costs less when it is applied to the very rows, extreme as they are."""
    scale, rows, penalty = scale_for(activation), 60, 1.0
    inputs = tuple(scale.from_logits(drawn(seed, rows), activation) for seed in (3, 4))
    targets = targets_for(activation, rows)
    pool = fit_pool(inputs, targets, scale, penalty)

    def cost(weights: np.ndarray, biases: np.ndarray) -> float:
        scores = pooled(type(pool)(weights, biases), inputs, scale)
        if not scale.form.adds_up:
            losses = np.logaddexp(0, np.where(targets == 1, -scores, scores)).sum()
        else:
            losses = -np.take_along_axis(scores, targets.reshape(rows, -1), axis=1).sum()
        away = np.concatenate([weights - 0.5, biases])
        return (losses + penalty * float(away @ away)) / rows

    best = cost(pool.weights, pool.biases)
    for move in np.random.default_rng(6).normal(scale=0.01, size=(20, 2 + len(pool.biases))):
        assert best <= cost(pool.weights + move[:2], pool.biases + move[2:]) + 1e-7
    assert np.abs(np.stack(inputs)).max() > MOST, "the rows must show what lies beyond"


def test_ranks_are_scores_too() -> None:
    """A mean of ranks is that of the shares, whatever scale it is taken on."""
    first, second = np.float32([[0.25, 0.75]]), np.float32([[0.5, 0.5]])
    for scale in (IN_SCORES, IN_ODDS, Scale(NUMBERS)):
        found = scale.mean((scale.from_ranks(first), scale.from_ranks(second)))
        np.testing.assert_allclose(scale.predictions(found), [[0.375, 0.625]], rtol=1e-6)


def test_each_kind_of_prediction_has_its_scale() -> None:
    assert scale_of(NUMBERS, 3) == Scale(NUMBERS) and not scale_of(NUMBERS, 3).has_scores
    assert scale_of(INDEPENDENT, 5000).has_scores
    assert scale_of(DISTRIBUTION, 2000).has_scores
    assert scale_of(DISTRIBUTION, 2001).is_compact
    assert Stacking(kind="stacking", penalty=1.0).takes_scores
