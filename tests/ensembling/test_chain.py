import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.chain import FitData, fit_chain, fit_nested
from foldline.ensembling.scales import Inputs
from foldline.ensembling.steps import TWO_FOLDS, Context, Step
from foldline.ensembling.temperature import FittedTemperature
from foldline.metrics.kinds.of_probabilities import LogLoss
from tests.ensembling.drawing import IN_SCORES, FromPredictions, cross_fitted, scorer_of

CONTEXT = Context(IN_SCORES, scorer_of(LogLoss(kind="log_loss")), 4)


def scored(temperature: float, rows: int = 3000) -> FitData:
    """Predictions that are `temperature` times as certain as they should be."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(rows, 4)) * 2
    targets = (scores + generator.gumbel(size=scores.shape)).argmax(axis=1)
    predictions = softmax(scores * temperature, axis=1).astype(np.float32)
    return FitData((predictions,), targets, np.arange(rows) % 5, np.arange(rows))


def step(softening: str = "reported") -> Step:
    return FromPredictions(step=FittedTemperature(kind="fitted", softening=softening).on(CONTEXT))


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_that_was_there_is_found(temperature: float) -> None:
    chain = fit_chain([step("kept")], scored(temperature))
    assert (chain.gains[0].applied, chain.gains[0].note) == (True, "fitted per model, before averaging")
    assert chain.steps[0].setting == pytest.approx(temperature, rel=0.08)


def test_softening_is_reported_and_not_kept() -> None:
    chain = fit_chain([step()], scored(2.0))
    assert (chain.gains[0].applied, chain.steps[0].setting) == (False, 1.0)
    assert chain.gains[0].cross_validated > 0.05
    assert str(chain.gains[0].note).startswith("softening is for one model")
    assert fit_chain([step()], scored(0.5)).gains[0].applied


def test_each_fold_goes_through_a_chain_that_has_not_seen_it() -> None:
    """A step that adds the sum of the targets it was fitted on shows which rows these were."""
    seen: list[int] = []

    class Spy(FittedTemperature):
        def fit_data(self, inputs: Inputs, targets: np.ndarray) -> np.ndarray:
            return 10 ** known.folds[mine]

        def fit(self, data: np.ndarray, targets: np.ndarray) -> float:
            seen.append(int(data.sum()))
            return 1.0

    one = FromPredictions(step=Spy(kind="fitted", softening="kept").on(CONTEXT))
    known = scored(1.0, rows=4)
    known = FitData(known.inputs, known.targets, np.array([0, 1, 2, 3]), known.clusters)
    for fold in range(4):
        mine = known.folds != fold
        seen.clear()
        fit_chain([one], known.at(mine))
        whole = 1111 - 10**fold
        assert sorted(seen) == sorted([whole, *(whole - 10**inner for inner in range(4) if inner != fold)])


def test_one_fold_alone_fits_nothing() -> None:
    known = scored(0.5)
    alone = FitData(known.inputs, known.targets, np.zeros(len(known.folds), np.int64), known.clusters)
    chain = fit_nested([step()], alone, "test")
    assert chain.whole.gains[0].note == "needs at least 2 folds to estimate"
    np.testing.assert_array_equal(cross_fitted(chain, alone.folds, known.inputs), known.inputs[0])


def test_a_fold_of_which_no_row_was_fitted_on_goes_through_what_all_rows_say() -> None:
    """Of very many rows a part is fitted on, and a fold may be as small as one row."""
    known = scored(0.5)
    chain = fit_nested([step()], known.at(known.folds != 4), "test")
    mine = known.folds == 4
    found = cross_fitted(chain, known.folds, known.inputs)[mine]
    np.testing.assert_array_equal(found, chain.whole.apply((known.inputs[0][mine],))[0])
    assert chain.blind_to(3) is not chain.whole


def test_two_folds_keep_what_their_scores_leave_out() -> None:
    """Without one of them, the other alone can choose nothing: its rows stay as they are."""
    known = scored(0.5)
    two = FitData(known.inputs, known.targets, known.folds % 2, known.clusters)
    chain = fit_nested([step()], two, "test")
    assert chain.whole.gains[0].applied
    assert chain.whole.gains[0].note == f"fitted per model, before averaging; {TWO_FOLDS}"
    np.testing.assert_array_equal(cross_fitted(chain, two.folds, known.inputs), known.inputs[0])
    assert fit_nested([step()], known, "test").whole.gains[0].note == "fitted per model, before averaging"


@pytest.mark.many_draws
def test_a_later_step_is_fitted_on_what_the_earlier_ones_hand_on() -> None:
    chain = fit_nested([step(), step()], scored(0.5), "test")
    assert [gain.applied for gain in chain.whole.gains] == [True, False], "there is nothing left to gain"


@pytest.mark.many_draws
def test_the_order_of_rows_changes_nothing() -> None:
    known, order = scored(0.5), np.random.default_rng(1).permutation(3000)
    shuffled: Inputs = (known.inputs[0][order],)
    chain = fit_nested([step()], known, "test")
    other = fit_nested([step()], FitData(shuffled, known.targets[order], known.folds[order], order), "test")
    ours = cross_fitted(chain, known.folds, known.inputs)[order]
    np.testing.assert_array_equal(cross_fitted(other, known.folds[order], shuffled), ours)
