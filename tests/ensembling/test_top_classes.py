"""Above 2,000 classes: means of what is stored are those of the same rows, dense; what needs all classes is refused."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from foldline.ensembling.bounds import FittedBounds, GivenBounds, NoBounds
from foldline.ensembling.methods import ConvexCombination, Equal, HillClimbing, Method, Stacking
from foldline.ensembling.runs import agreement
from foldline.ensembling.scales import OfTopClasses, Scale
from foldline.ensembling.steps import Context, apart, stacked
from foldline.ensembling.temperature import FittedTemperature
from foldline.ensembling.top_classes import log_of, mean_of_logs, mean_of_top
from foldline.ensembling.view_averages import Addition, Reading
from foldline.files.compact import IN_MEMORY, KEPT, CompactArray, compact_array
from foldline.files.compact import Scale as StoredScale
from foldline.files.refusal import Refusal
from foldline.metrics.kinds.of_labels import Accuracy
from foldline.metrics.kinds.of_probabilities import LogLoss
from tests.ensembling.drawing import scorer_of
from tests.words import AVERAGES, DISTRIBUTION, INDEPENDENT, SOFTMAX

CLASSES, ROWS = 2500, 36
TARGETS = np.random.default_rng(9).integers(0, CLASSES, ROWS)
CONVEX = ConvexCombination(kind="convex_combination")
TOP, DENSE_SCALE = OfTopClasses(DISTRIBUTION, is_compact=True), Scale(DISTRIBUTION)
STORED = Scale(DISTRIBUTION, is_compact=True)
SCORER = scorer_of(LogLoss(kind="log_loss"))


def compacted(dense: np.ndarray, scale: StoredScale = "probabilities") -> CompactArray:
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
ROLLED = tuple(np.roll(one, 40, axis=1) for one in DENSE)


def assert_alike(found: np.ndarray, dense: np.ndarray) -> None:
    """What is compact is the dense result, compact."""
    assert isinstance(found, CompactArray)
    np.testing.assert_allclose(found[:], compacted(dense, found.scale)[:], rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("weights", [(0.5, 0.5), (0.3, 0.7), (1.0, 0.0)])
def test_a_mean_is_that_of_all_classes_whichever_are_kept(weights: tuple[float, float]) -> None:
    for one, other in zip(DENSE, ROLLED, strict=True):
        both = weights[0] * one.astype(np.float64) + weights[1] * other
        assert_alike(mean_of_top((compacted(one), compacted(other)), np.array(weights)), both)
        logs = tuple(log_of(compacted(rows)) for rows in (one, other))
        dense = softmax(weights[0] * np.log(one) + weights[1] * np.log(other), axis=1)
        assert_alike(mean_of_logs(logs, np.array(weights)), dense)


def test_the_mean_of_one_is_itself_and_of_no_rows_is_none() -> None:
    assert_alike(TOP.predictions(TOP.mean((TOP.from_logits(log_of(MEMBERS[0]), SOFTMAX),))), DENSE[0])
    empty = compacted(np.zeros((0, CLASSES)))
    assert mean_of_top((empty, empty)).shape == mean_of_logs((empty, empty)).shape == (0, CLASSES)


def test_extreme_logits_leave_distributions() -> None:
    """As predict stores them: logarithms down to -1e4, in half precision."""
    logits = np.random.default_rng(0).uniform(-1e4, 1e4, (6, 2, CLASSES))
    stored = compact_array(np.empty((6, 2), IN_MEMORY), CLASSES, "logits")
    stored[:] = logits
    for average in ("probabilities", "logits"):
        (scores,) = Reading(AVERAGES[average], TOP, None).read(stored, SOFTMAX)
        predictions = TOP.predictions(scores)[:]
        np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-5)
        exact = (
            softmax(logits, axis=2).mean(axis=1) if average == "probabilities" else softmax(logits.mean(axis=1), axis=1)
        )
        if average == "probabilities":
            np.testing.assert_allclose(predictions, exact, atol=1e-6)


@pytest.mark.parametrize("metric", [LogLoss(kind="log_loss"), Accuracy(kind="accuracy")])
def test_greedy_weights_are_those_of_all_classes(metric: LogLoss | Accuracy) -> None:
    scorer = scorer_of(metric)
    method = HillClimbing(kind="hill_climbing", rounds=5)
    for scale, inputs in ((TOP, tuple(map(log_of, MEMBERS))), (STORED, MEMBERS)):
        compact, dense = (method.on(Context(one, scorer, CLASSES, ("a", "b"))) for one in (scale, DENSE_SCALE))
        found = compact.fit(compact.fit_data(inputs, TARGETS), TARGETS)
        np.testing.assert_array_equal(found, dense.fit(dense.fit_data(DENSE, TARGETS), TARGETS))
        assert_alike(scale.predictions(compact.apply(found, inputs)[0]), dense.apply(found, DENSE)[0])


@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_a_view_is_added_as_to_dense_rows(average: str) -> None:
    views = ("identity", "transpose")
    addition = Addition(views=views, chosen=views[:1], average=AVERAGES[average], activation=SOFTMAX, deciding=1)
    step = addition.on(Context(TOP, SCORER, CLASSES))
    inputs = tuple(map(log_of, MEMBERS))
    (found,) = step.apply(views, inputs)
    mean = np.mean(DENSE, axis=0)
    if average == "logits":
        mean = softmax(np.mean([np.log(one) for one in DENSE], axis=0), axis=1)
    assert_alike(TOP.predictions(found), mean)
    costs = [SCORER.score(TARGETS, one) for one in (MEMBERS[0], TOP.predictions(found))]
    chosen = step.fit(step.fit_data(inputs, TARGETS), TARGETS)
    assert chosen == (views if costs[1] < costs[0] else views[:1])


@pytest.mark.parametrize("method", [CONVEX, Stacking(kind="stacking", penalty=1.0)])
def test_methods_that_need_all_classes_are_refused(method: Method) -> None:
    with pytest.raises(Refusal, match=rf"is {method.kind}, .* with more than 2,000 classes only the 100 highest"):
        method.planned(Context(TOP, SCORER, CLASSES, ("a", "b")))
    assert Equal(kind="equal").planned(Context(TOP, SCORER, CLASSES, ("a", "b")))[0]


def test_fitted_steps_that_need_all_classes_are_left_out_with_a_note() -> None:
    steps, (gain,) = FittedTemperature(kind="fitted", softening="kept").planned(Context(TOP, SCORER, CLASSES))
    assert not steps and "a temperature needs the scores of all classes, but with more than 2,000" in str(gain.note)
    steps, (gain,) = FittedBounds(kind="fitted").planned(Context(STORED, SCORER, CLASSES))
    assert not steps and "bounds need all classes, but with more than 2,000 classes" in str(gain.note)
    assert FittedBounds(kind="fitted").planned(Context(Scale(INDEPENDENT), SCORER, CLASSES))[0]
    assert NoBounds(kind="none").planned(Context(STORED, SCORER, CLASSES)) == ([], [])


def test_given_bounds_are_refused() -> None:
    given = GivenBounds(kind="given", unit="per_class", lower=0.1, upper=9)
    with pytest.raises(Refusal, match=r"`clip.bounds.kind` is given, .* with more than 2,000 classes"):
        given.planned(Context(STORED, SCORER, CLASSES))


def test_agreement_is_that_of_all_classes() -> None:
    compact, dense = agreement(MEMBERS, DISTRIBUTION), agreement(DENSE, DISTRIBUTION)
    np.testing.assert_allclose(compact.correlation, dense.correlation, atol=1e-6)
    np.testing.assert_array_equal(compact.disagreement, dense.disagreement)
    np.testing.assert_allclose(dense.correlation, np.corrcoef([one.ravel() for one in DENSE]), atol=1e-9)


def test_stacked_arrays_come_apart_again() -> None:
    for found, one in zip(apart(stacked(MEMBERS)), MEMBERS, strict=True):
        np.testing.assert_array_equal(found[:], one[:])


def test_logarithms_of_what_is_stored() -> None:
    logs = log_of(MEMBERS[0])
    np.testing.assert_allclose(logs[:], log_softmax(np.log(DENSE[0]), axis=1), rtol=1e-5)
