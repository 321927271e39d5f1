"""Above 2,000 classes: means of what is stored are those of the same rows, dense; what needs all classes is refused."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from foldline.ensembling.blending import agreement
from foldline.ensembling.bounds import FittedBounds, GivenBounds, NoBounds
from foldline.ensembling.chain import Judge, apart, stacked
from foldline.ensembling.clipping import as_they_are, judge_of
from foldline.ensembling.members import AVERAGES, Reading
from foldline.ensembling.methods import Convex, Equal, Greedy, Method, Stacking
from foldline.ensembling.scales import AsPredicted, OfTopClasses
from foldline.ensembling.temperature import FittedTemperature
from foldline.ensembling.top_classes import log_of, mean_of_logs, mean_of_top
from foldline.ensembling.view_choice import Addition
from foldline.files.compact import IN_MEMORY, KEPT, CompactArray, Scale, compact_array
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.kinds.of_labels import Accuracy
from foldline.metrics.kinds.of_probabilities import LogLoss
from tests.metrics.of_kind import metric_of_kind

CLASSES, ROWS = 2500, 36
TARGETS = np.random.default_rng(9).integers(0, CLASSES, ROWS)
TOP, DENSE_SCALE = OfTopClasses("distribution"), AsPredicted("distribution")
JUDGE = judge_of(LogLoss(kind="log_loss"), MostProbable(kind="most_probable"))


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
    assert_alike(TOP.predictions(TOP.mean((TOP.from_logits(log_of(MEMBERS[0]), "softmax"),))), DENSE[0])
    empty = compacted(np.zeros((0, CLASSES)))
    assert mean_of_top((empty, empty)).shape == mean_of_logs((empty, empty)).shape == (0, CLASSES)


def test_extreme_logits_leave_distributions() -> None:
    """As predict stores them: logarithms down to -1e4, in half precision."""
    logits = np.random.default_rng(0).uniform(-1e4, 1e4, (6, 2, CLASSES))
    stored = compact_array(np.empty((6, 2), IN_MEMORY), CLASSES, "logits")
    stored[:] = logits
    for average in ("probabilities", "logits"):
        (scores,) = Reading(AVERAGES[average], TOP, None).read(stored, "softmax")
        predictions = TOP.predictions(scores)[:]
        np.testing.assert_allclose(predictions.sum(axis=1), 1, atol=1e-5)
        exact = (
            softmax(logits, axis=2).mean(axis=1) if average == "probabilities" else softmax(logits.mean(axis=1), axis=1)
        )
        if average == "probabilities":
            np.testing.assert_allclose(predictions, exact, atol=1e-6)


@pytest.mark.parametrize("metric", [LogLoss(kind="log_loss"), Accuracy(kind="accuracy")])
def test_greedy_weights_are_those_of_all_classes(metric: LogLoss | Accuracy) -> None:
    judge = judge_of(metric, MostProbable(kind="most_probable"))
    method = Greedy(kind="greedy", rounds=5)
    for scale, inputs in ((TOP, tuple(map(log_of, MEMBERS))), (AsPredicted("distribution", compact=True), MEMBERS)):
        compact, dense = method.step(["a", "b"], scale, judge), method.step(["a", "b"], DENSE_SCALE, judge)
        found = compact.fit(compact.evidence(inputs, TARGETS), TARGETS)
        np.testing.assert_array_equal(found, dense.fit(dense.evidence(DENSE, TARGETS), TARGETS))
        assert_alike(scale.predictions(compact.apply(found, inputs)[0]), dense.apply(found, DENSE)[0])


@pytest.mark.parametrize("average", ["probabilities", "logits"])
def test_a_view_is_added_as_to_dense_rows(average: str) -> None:
    reading = Reading(AVERAGES[average], TOP, None)
    judge = Judge(metric_of_kind("log_loss"), as_they_are, lambda outputs: TOP.predictions(TOP.mean(outputs)))
    step = Addition(("identity",), ("transpose",), 1, 1, judge, reading, "softmax").step
    inputs = tuple(map(log_of, MEMBERS))
    (found,) = step.apply("transpose", inputs)
    mean = np.mean(DENSE, axis=0)
    if average == "logits":
        mean = softmax(np.mean([np.log(one) for one in DENSE], axis=0), axis=1)
    assert_alike(TOP.predictions(found), mean)
    costs = [judge.score(TARGETS, one) for one in (MEMBERS[0], TOP.predictions(found))]
    chosen = step.fit(step.evidence(inputs, TARGETS), TARGETS)
    assert chosen == ("transpose" if costs[1] < costs[0] else None)


@pytest.mark.parametrize("method", [Convex(kind="convex"), Stacking(kind="stacking", penalty=1.0)])
def test_methods_that_need_all_classes_are_refused(method: Method) -> None:
    with pytest.raises(Refusal, match=rf"is {method.kind}, .* of more than 2,000 classes the 100 highest"):
        method.step(["a", "b"], TOP, JUDGE)
    Equal(kind="equal").step(["a", "b"], TOP, JUDGE)


def test_fitted_steps_that_need_all_classes_are_left_out_with_a_note() -> None:
    steps, (gain,) = FittedTemperature(kind="fitted", softening="kept").steps(TOP, JUDGE)
    assert not steps and "a temperature takes the scores of all classes: of more than 2,000" in str(gain.note)
    steps, (gain,) = FittedBounds(kind="fitted").steps("distribution", CLASSES, JUDGE)
    assert not steps and "bounds hold for all classes: of more than 2,000 classes" in str(gain.note)
    assert FittedBounds(kind="fitted").steps("independent", CLASSES, JUDGE)[0]
    assert NoBounds(kind="none").steps("distribution", CLASSES, JUDGE) == ([], [])


def test_given_bounds_are_refused() -> None:
    given = GivenBounds(kind="given", unit="per_class", lower=0.1, upper=9)
    with pytest.raises(Refusal, match=r"clip.bounds.kind is given, .* of more than 2,000 classes"):
        given.steps("distribution", CLASSES, JUDGE)


def test_agreement_is_that_of_all_classes() -> None:
    compact, dense = agreement(MEMBERS, "distribution"), agreement(DENSE, "distribution")
    np.testing.assert_allclose(compact.correlation, dense.correlation, atol=1e-6)
    np.testing.assert_array_equal(compact.disagreement, dense.disagreement)
    np.testing.assert_allclose(dense.correlation, np.corrcoef([one.ravel() for one in DENSE]), atol=1e-9)


def test_stacked_arrays_come_apart_again() -> None:
    for found, one in zip(apart(stacked(MEMBERS)), MEMBERS, strict=True):
        np.testing.assert_array_equal(found[:], one[:])


def test_logarithms_of_what_is_stored() -> None:
    logs = log_of(MEMBERS[0])
    np.testing.assert_allclose(logs[:], log_softmax(np.log(DENSE[0]), axis=1), rtol=1e-5)
