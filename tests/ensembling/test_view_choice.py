"""Which views are chosen, at what cost, and when it ends."""

from collections.abc import Mapping

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from foldline.ensembling.chain import Chain, FitData, NestedChain, fit_chain, fit_nested
from foldline.ensembling.members import common_views
from foldline.ensembling.scales import Inputs, OfLogProbabilities
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.view_averages import Addition, chosen_views, ordered
from foldline.ensembling.view_averages import Average as Averaging
from foldline.files.refusal import Refusal
from foldline.predicting.logits import Logits
from tests.ensembling.drawing import cross_fitted, scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import AVERAGES, DISTRIBUTION, IDENTITY, SOFTMAX

ROWS, CLASSES = 400, 3
TARGETS = np.random.default_rng(0).integers(0, CLASSES, ROWS)
FOLDS = np.arange(ROWS) % 5
SCALE = OfLogProbabilities(DISTRIBUTION)
CONTEXT = Context(SCALE, scorer_of(metric_of_kind("log_loss")), CLASSES)
PROBABILITIES, LOGITS = (AVERAGES[average] for average in ("probabilities", "logits"))


def a_view(seed: int, strength: float) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(size=(ROWS, CLASSES)) * 1.5 + strength * np.eye(CLASSES)[TARGETS]
    return logits.astype(np.float32)


def addition(views: tuple[str, ...], average: Averaging = PROBABILITIES, members: int = 1) -> Step:
    step = Addition(views=views, chosen=views[:1], average=average, activation=SOFTMAX, deciding=members)
    return step.on(CONTEXT)


def fit_data(inputs: Inputs) -> FitData:
    return FitData(inputs, TARGETS, FOLDS, np.arange(ROWS))


def summands(views: Mapping[str, np.ndarray], average: Averaging) -> Inputs:
    return tuple(average.summand(SCALE, one, SOFTMAX) for one in views.values())


def chosen_of(views: Mapping[str, np.ndarray], average: Averaging = PROBABILITIES) -> Chain:
    return fit_chain([addition(tuple(views), average)], fit_data(summands(views, average)))


@pytest.mark.parametrize("average", [PROBABILITIES, LOGITS], ids=["probabilities", "logits"])
def test_a_view_that_helps_is_added_and_one_that_harms_is_not(average: Averaging) -> None:
    views = {"identity": a_view(1, 2), "vertical_flip": a_view(3, -3), "horizontal_flip": a_view(2, 2)}
    chain = chosen_of(views, average)
    assert chosen_views(chain) == ("identity", "horizontal_flip")
    assert [(gain.step, gain.applied) for gain in chain.gains] == [("view 2", True), ("view 3", False)]
    both = [views["identity"], views["horizontal_flip"]]
    expected = np.mean([softmax(one, axis=1) for one in both], axis=0)
    if average == LOGITS:
        expected = softmax(np.mean(both, axis=0), axis=1)
    np.testing.assert_allclose(np.exp(chain.apply(summands(views, average))[0]), expected, atol=1e-6)


def test_when_all_help_all_are_added_and_their_mean_is_that_of_all() -> None:
    views = {name: a_view(seed, 1.0) for seed, name in enumerate(("identity", "transpose", "rotate_180"), 11)}
    chain = chosen_of(views)
    assert sorted(chosen_views(chain)) == sorted(views)
    (mean,) = chain.apply(summands(views, PROBABILITIES))
    np.testing.assert_allclose(np.exp(mean), np.mean(np.exp(summands(views, PROBABILITIES)), axis=0), atol=1e-6)


def test_of_equally_good_views_the_cheaper_is_added_first() -> None:
    same = a_view(2, 2)
    chain = chosen_of({"identity": a_view(1, 2), "scale_200": same, "crop_center": same})
    assert chosen_views(chain)[1] == "crop_center"


def test_a_copy_adds_nothing() -> None:
    view = a_view(1, 2)
    assert chosen_views(chosen_of({"identity": view, "horizontal_flip": view.copy()})) == ("identity",)


def test_members_choose_together() -> None:
    """Of two members a view that is good for the first and as bad for the second is no gain."""
    good, bad = a_view(2, 2), a_view(3, -2)
    inputs = tuple(log_softmax(one.astype(np.float64), axis=1) for one in (a_view(1, 2), good, a_view(4, 2), bad))
    chain = fit_chain([addition(("identity", "transpose"), members=2)], fit_data(inputs))
    assert not chain.gains[0].applied
    assert len(chain.apply(inputs)) == 2


def test_each_fold_goes_through_views_that_were_chosen_without_it() -> None:
    """In fold 0 a view is right, in all others wrong: only the chain without the others would take it."""
    flipped = np.where((FOLDS == 0)[:, None], a_view(2, 8), a_view(2, -1)).astype(np.float32)
    views = {"identity": a_view(1, 1), "transpose": flipped}
    inputs = summands(views, PROBABILITIES)
    chain: NestedChain = fit_nested([addition(tuple(views))], fit_data(inputs), "test")
    assert all(chosen_views(one) == ("identity",) for one in chain.without.values())
    first = FOLDS == 0
    np.testing.assert_allclose(cross_fitted(chain, FOLDS, inputs)[first], inputs[0][first], atol=1e-7)


def test_the_first_view_is_identity_or_the_first_that_is_listed() -> None:
    assert ordered(("transpose", "identity", "rotate_90")) == ("identity", "transpose", "rotate_90")
    assert ordered(("transpose", "rotate_90")) == ("transpose", "rotate_90")


def test_models_that_predicted_under_other_views_are_refused() -> None:
    def of_views(*views: str) -> Logits:
        empty = np.zeros((0, len(views), 1), np.float32)
        return Logits(empty, empty, (), (), views, ("a",), IDENTITY)

    with pytest.raises(Refusal, match=r"other views: identity, horizontal_flip the first, identity, transpose a later"):
        common_views([of_views("identity", "horizontal_flip"), of_views("identity", "transpose")])
