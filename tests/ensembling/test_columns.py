"""What steps make of compact predictions is what they make of the same rows, dense."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from foldline.ensembling.agreement import agreement
from foldline.ensembling.answering import judge_of
from foldline.ensembling.bounds import AbsoluteBounds, bounds_step
from foldline.ensembling.clip_section import FittedBounds, GivenBounds
from foldline.ensembling.columns import Inputs, apart, columns_of, row_by_row, stacked
from foldline.ensembling.ensemble_section import Convex, FittedTemperature, Greedy, Stacking
from foldline.ensembling.members import Reading, predictions_of_mean
from foldline.ensembling.nested import Evidence, fit_nested
from foldline.ensembling.projection import RowWithoutMass
from foldline.ensembling.steps import Step, mean_of
from foldline.ensembling.temperature import temperature_step
from foldline.ensembling.view_choice import Addition
from foldline.ensembling.weighting import weights_step
from foldline.files import arrays
from foldline.files.compact import IN_MEMORY, KEPT, CompactArray, Scale, compact_array
from foldline.metrics.decisions.labels import MostProbable
from foldline.metrics.kinds.of_labels import Accuracy
from foldline.metrics.kinds.of_probabilities import LogLoss

CLASSES, ROWS = 2500, 36
JUDGE = judge_of(LogLoss(kind="log_loss"), MostProbable(kind="most_probable"))
TARGETS = np.random.default_rng(9).integers(0, CLASSES, ROWS)
FOLDS = np.arange(ROWS) % 3


def compacted(dense: np.ndarray, scale: Scale = "probabilities") -> CompactArray:
    values = compact_array(np.empty(dense.shape[:-1], IN_MEMORY), CLASSES, scale)
    values[:] = dense
    return values


def a_member(seed: int, strength: float) -> CompactArray:
    """All keep the same classes of a row, among them the right one, but of every third row."""
    scores = np.random.default_rng(seed).normal(size=(ROWS, CLASSES))
    first = TARGETS + (np.arange(ROWS) % 3 == 2)
    likely = (np.arange(CLASSES) - first[:, None]) % CLASSES < KEPT
    scores[likely] += 10
    scores[np.arange(ROWS), TARGETS] += np.where(np.arange(ROWS) % 3 == 2, 0, strength)
    return compacted(softmax(scores, axis=1))


MEMBERS = (a_member(0, 6.0), a_member(1, 4.0))
DENSE = tuple(one[:] for one in MEMBERS)
TEMPERATURE = temperature_step(FittedTemperature(kind="fitted", softening="kept"), "distribution", JUDGE)
BOUNDS = bounds_step(FittedBounds(kind="fitted"), "distribution", CLASSES, JUDGE)
POOL, CONVEX, GREEDY = (
    weights_step(method, ["a", "b"], "distribution", JUDGE)
    for method in (Stacking(kind="stacking", penalty=1.0), Convex(kind="convex"), Greedy(kind="greedy", rounds=5))
)


def assert_alike(found: np.ndarray, dense: np.ndarray) -> None:
    """What is compact is the dense result, compact."""
    assert isinstance(found, CompactArray)
    np.testing.assert_allclose(found[:], compacted(dense, found.scale)[:], rtol=2e-6, atol=1e-12)


@pytest.fixture()
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 4 * (2 * KEPT + 1))


def test_two_arrays_share_columns_by_hand() -> None:
    """Of the classes 0 .. 99 and 50 .. 149, each with 0.009 and then 0.1 for the others: 150 columns, and the rest."""
    first, second = np.full((1, CLASSES), 0.1 / (CLASSES - KEPT)), np.full((1, CLASSES), 0.1 / (CLASSES - KEPT))
    first[0, :100], second[0, 50:150] = 0.009, 0.009
    columns = columns_of((compacted(first), compacted(second)))
    assert columns.counts is not None and columns.classes is not None
    counted = columns.counts[0] > 0
    assert columns.classes[0, counted].tolist() == [*range(150), -1]
    assert columns.counts[0, counted].tolist() == [1] * 150 + [CLASSES - 150]
    of_both = [values[0, counted] for values in columns.values]
    np.testing.assert_allclose(of_both[0], [0.009] * 100 + [0.1 / 2400] * 51, rtol=1e-6)
    np.testing.assert_allclose(of_both[1], [0.1 / 2400] * 50 + [0.009] * 100 + [0.1 / 2400], rtol=1e-6)
    assert columns.classes[0, columns.places(np.array([60]))[0]] == 60
    assert columns.places(np.array([2000])).tolist() == [200]


@pytest.mark.parametrize(
    ("step", "setting"),
    [
        (TEMPERATURE, 0.5),
        (TEMPERATURE, 3.0),
        (BOUNDS, AbsoluteBounds(1e-4, 1.0)),
        (BOUNDS, AbsoluteBounds(1e-5, 0.2)),
        (BOUNDS, AbsoluteBounds(1 / CLASSES, 1.0)),
        (CONVEX, np.array([0.3, 0.7])),
        (GREEDY, np.array([1.0, 0.0])),
        (POOL, None),
    ],
)
def test_a_step_makes_the_same_of_compact_rows(step: Step, setting: object, small_blocks: None) -> None:
    for found, dense in zip(step.apply(setting, MEMBERS), step.apply(setting, DENSE), strict=True):
        assert_alike(found, dense)


def test_given_bounds_leave_zeros_what_the_others_at_theirs_do() -> None:
    """Kept classes at 0.001 each leave 0.9, equally to all that the row gives nothing."""
    sure = np.zeros((2, CLASSES))
    sure[:, :KEPT] = 1 / KEPT
    step = bounds_step(GivenBounds(kind="given", unit="absolute", lower=0, upper=0.001), "distribution", CLASSES, JUDGE)
    bounds = AbsoluteBounds(0.0, 0.001)
    (found,) = step.apply(bounds, (compacted(sure),))
    assert_alike(found, step.apply(bounds, (sure.astype(np.float32),))[0])
    np.testing.assert_allclose(found[:][:, KEPT:], 0.9 / (CLASSES - KEPT), rtol=1e-6)


@pytest.mark.parametrize("step", [TEMPERATURE, BOUNDS, CONVEX])
def test_what_a_step_is_fitted_on_is_the_same(step: Step) -> None:
    np.testing.assert_allclose(step.evidence(MEMBERS, TARGETS), step.evidence(DENSE, TARGETS), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("metric", [LogLoss(kind="log_loss"), Accuracy(kind="accuracy")])
def test_greedy_weights_are_the_same(metric: LogLoss | Accuracy) -> None:
    step = weights_step(
        Greedy(kind="greedy", rounds=5),
        ["a", "b"],
        "distribution",
        judge_of(metric, MostProbable(kind="most_probable")),
    )
    assert step is not None
    compact, dense = (step.fit(step.evidence(of, TARGETS), TARGETS) for of in (MEMBERS, DENSE))
    np.testing.assert_array_equal(compact, dense)


def test_a_pool_of_very_many_classes_has_weights_alone() -> None:
    """A tenth of the loss at most lies between its weights and the best of a grid."""
    pool = POOL.fit(POOL.evidence(MEMBERS, TARGETS), TARGETS)
    assert pool.biases.tolist() == [0]
    assert_alike(POOL.apply(pool, MEMBERS)[0], POOL.apply(pool, DENSE)[0])

    def cost(weights: np.ndarray) -> float:
        scores = sum(weight * np.log(one.astype(np.float64)) for weight, one in zip(weights, DENSE, strict=True))
        loss = -log_softmax(scores, axis=1)[np.arange(ROWS), TARGETS].sum()
        return loss + float(((weights - 0.5) ** 2).sum())

    best = min(cost(pool.weights + np.array(move)) for move in ((0.02, 0), (-0.02, 0), (0, 0.02), (0, -0.02)))
    assert cost(pool.weights) < best


def test_means_are_those_of_all_classes() -> None:
    others = tuple(compacted(np.roll(one, 40, axis=1)) for one in DENSE)
    for one, other in zip(MEMBERS, others, strict=True):
        assert_alike(mean_of((one, other)), mean_of((one[:], other[:])))
    logits = tuple(compacted(np.log(one), "logits") for one in DENSE)
    mean = row_by_row(lambda two, counts: (two[0] + two[1]) / 2, logits)
    dense = softmax((logits[0][:] + logits[1][:]) / 2, axis=1)
    np.testing.assert_allclose(softmax(mean[:], axis=1), compacted(dense)[:], rtol=1e-5)


@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_a_view_is_added_as_to_dense_rows(average: str) -> None:
    reading = Reading(average, None)  # type: ignore[arg-type]
    of_mean = partial(predictions_of_mean, activation="softmax", reading=reading)
    step = Addition(("identity",), ("transpose",), 1, 1, JUDGE, of_mean).step
    inputs = MEMBERS if average == "probabilities" else tuple(compacted(np.log(one), "logits") for one in DENSE)
    (found,) = step.apply("transpose", inputs)
    (dense,) = step.apply("transpose", tuple(one[:] for one in inputs))
    np.testing.assert_allclose(found[:], compacted(dense)[:], rtol=1e-5)
    chosen = [step.fit(step.evidence(of, TARGETS), TARGETS) for of in (inputs, tuple(one[:] for one in inputs))]
    assert chosen[0] == chosen[1]


@pytest.mark.parametrize("steps", [[TEMPERATURE, CONVEX, BOUNDS], [GREEDY, TEMPERATURE]])
def test_a_chain_is_fitted_as_on_dense_rows(steps: list[Step]) -> None:
    def fitted(inputs: Inputs) -> list:
        chain = fit_nested(steps, Evidence(inputs, TARGETS, FOLDS, np.arange(ROWS)), "test")
        return [(gain.step, gain.setting, gain.kept, round(gain.claimed, 3)) for gain in chain.gains]

    assert fitted(MEMBERS) == fitted(DENSE)


def test_agreement_is_that_of_all_classes() -> None:
    compact, dense = agreement(MEMBERS, "distribution"), agreement(DENSE, "distribution")
    np.testing.assert_allclose(compact.correlation, dense.correlation, atol=1e-6)
    np.testing.assert_array_equal(compact.disagreement, dense.disagreement)


def test_stacked_arrays_come_apart_again() -> None:
    for found, one in zip(apart(stacked(MEMBERS)), MEMBERS, strict=True):
        np.testing.assert_array_equal(found[:], one[:])


def test_a_row_without_mass_is_named_by_its_place_among_all(small_blocks: None) -> None:
    hollow = compacted(np.array(DENSE[0]))
    hollow.records["kept"][17], hollow.records["others"][17] = 0, 0
    with pytest.raises(RowWithoutMass, match="row 17"):
        BOUNDS.apply(AbsoluteBounds(1e-5, 1.0), (hollow,))


@pytest.mark.parametrize("apply", [lambda one: mean_of((one, one)), lambda one: TEMPERATURE.apply(2.0, (one,))[0]])
def test_no_rows_are_none(apply: Callable[[np.ndarray], np.ndarray]) -> None:
    assert apply(compacted(np.zeros((0, CLASSES)))).shape == (0, CLASSES)
