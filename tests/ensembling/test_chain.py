import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.chain import TWO_FOLDS, Evidence, Step, fit_chain, fit_nested
from foldline.ensembling.clipping import judge_of
from foldline.ensembling.scales import Inputs
from foldline.ensembling.temperature import FittedTemperature
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.kinds.of_probabilities import LogLoss
from tests.ensembling.drawing import IN_SCORES, from_predictions

JUDGE = judge_of(LogLoss(kind="log_loss"), MostProbable(kind="most_probable"))


def scored(temperature: float, rows: int = 3000) -> Evidence:
    """Predictions that are `temperature` times as certain as they should be."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(rows, 4)) * 2
    targets = (scores + generator.gumbel(size=scores.shape)).argmax(axis=1)
    predictions = softmax(scores * temperature, axis=1).astype(np.float32)
    return Evidence((predictions,), targets, np.arange(rows) % 5, np.arange(rows))


def step(softening: str = "reported") -> Step:
    ((step,), _) = FittedTemperature(kind="fitted", softening=softening).steps(IN_SCORES, JUDGE)
    return from_predictions(step)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_the_temperature_that_was_there_is_found(temperature: float) -> None:
    (decided,) = fit_chain([step("kept")], scored(temperature)).steps
    assert decided.gain.kept
    assert decided.setting == pytest.approx(temperature, rel=0.08)
    assert decided.gain.note == "holds for one model"


def test_softening_is_reported_and_not_kept() -> None:
    (decided,) = fit_chain([step()], scored(2.0)).steps
    assert (decided.gain.kept, decided.setting) == (False, 1.0)
    assert decided.gain.nested > 0.05
    assert decided.gain.note.startswith("softening holds for one model")
    assert fit_chain([step()], scored(0.5)).steps[0].gain.kept


def test_each_fold_goes_through_a_chain_that_has_not_seen_it() -> None:
    """A step that adds the sum of the targets it was fitted on shows which rows these were."""
    seen: list[int] = []

    def fit(evidence: np.ndarray, targets: np.ndarray) -> int:
        seen.append(int(evidence.sum()))
        return 0

    one = Step(
        "spy", 0, fit, lambda setting, inputs: inputs, JUDGE, str, lambda inputs, targets: 10 ** known.folds[mine]
    )
    known = scored(1.0, rows=4)
    known = Evidence(known.inputs, known.targets, np.array([0, 1, 2, 3]), known.clusters)
    for fold in range(4):
        mine = known.folds != fold
        seen.clear()
        fit_chain([one], known.at(mine))
        whole = 1111 - 10**fold
        assert sorted(seen) == sorted([whole, *(whole - 10**inner for inner in range(4) if inner != fold)])


def test_one_fold_alone_fits_nothing() -> None:
    known = scored(0.5)
    alone = Evidence(known.inputs, known.targets, np.zeros(len(known.folds), np.int64), known.clusters)
    chain = fit_nested([step()], alone, "test")
    assert chain.gains[0].note == "of a single fold, nobody can tell what it is worth"
    np.testing.assert_array_equal(chain.cross_fitted(known.inputs, alone.folds)[0], known.inputs[0])


def test_two_folds_keep_what_their_scores_leave_out() -> None:
    """Without one of them, the other alone can choose nothing: its rows stay as they are."""
    known = scored(0.5)
    two = Evidence(known.inputs, known.targets, known.folds % 2, known.clusters)
    chain = fit_nested([step()], two, "test")
    assert chain.gains[0].kept
    assert chain.gains[0].note == f"holds for one model; {TWO_FOLDS}"
    np.testing.assert_array_equal(chain.cross_fitted(known.inputs, two.folds)[0], known.inputs[0])
    assert fit_nested([step()], known, "test").gains[0].note == "holds for one model"


@pytest.mark.many_draws
def test_a_later_step_is_fitted_on_what_the_earlier_ones_hand_on() -> None:
    chain = fit_nested([step(), step()], scored(0.5), "test")
    assert [gain.kept for gain in chain.gains] == [True, False], "there is nothing left to gain"


@pytest.mark.many_draws
def test_the_order_of_rows_changes_nothing() -> None:
    known, order = scored(0.5), np.random.default_rng(1).permutation(3000)
    shuffled: Inputs = (known.inputs[0][order],)
    chain = fit_nested([step()], known, "test")
    other = fit_nested([step()], Evidence(shuffled, known.targets[order], known.folds[order], order), "test")
    ours = chain.cross_fitted(known.inputs, known.folds)[0][order]
    np.testing.assert_array_equal(other.cross_fitted(shuffled, known.folds[order])[0], ours)
