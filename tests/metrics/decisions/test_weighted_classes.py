import numpy as np
import pytest
from scipy.special import softmax

from foldline.files import arrays
from foldline.files.refusal import Refusal
from foldline.metrics.decisions import weighted_classes
from foldline.metrics.decisions.likeliest import MostProbable, most_probable
from foldline.metrics.decisions.weighted_classes import WeightedClasses, fit_weights
from tests.metrics.of_kind import scored

macro_f1, weighted_f1 = scored("macro_f1"), scored("weighted_f1")


def uneven(rows: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rare classes of which a model says too little."""
    generator = np.random.default_rng(seed)
    shares = np.array([1, 2, 6, 20]) / 29
    targets = generator.choice(4, size=rows, p=shares)
    logits = generator.normal(size=(rows, 4)) + 1.5 * np.eye(4)[targets] + np.log(shares)
    return targets, softmax(logits, axis=1).astype(np.float32)


def test_the_first_of_equal_classes_is_chosen() -> None:
    np.testing.assert_array_equal(most_probable(np.array([[0.4, 0.4, 0.2], [0, 0.5, 0.5]], np.float32)), [0, 1])


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _, predictions = uneven(50, 0)
    rule = WeightedClasses(kind="weighted_classes", weights=(4.0, 2.0, 1.0, 1.0))
    whole = most_probable(predictions), rule(predictions)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 16)
    np.testing.assert_array_equal(most_probable(predictions), whole[0])
    np.testing.assert_array_equal(rule(predictions), whole[1])


def test_nan_is_refused_with_the_row() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        most_probable(np.array([[0.5, 0.5], [np.nan, 1]], np.float32))


def test_a_weight_moves_the_border_between_two_classes() -> None:
    rule = WeightedClasses(kind="weighted_classes", weights=(3.0, 1.0))
    assert rule(np.array([[0.26, 0.74], [0.24, 0.76]], np.float32)).tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("score", "by_support"), [(macro_f1, False), (weighted_f1, True)])
def test_no_other_weight_of_a_class_is_better_than_the_fitted_one(score, by_support: bool, seed: int) -> None:
    targets, predictions = uneven(150, seed)
    rule = fit_weights(predictions, targets, score, by_support)
    assert isinstance(rule, WeightedClasses)
    reached = score(targets, rule(predictions))
    assert reached > score(targets, most_probable(predictions))
    for one in range(4):
        for factor in np.geomspace(0.01, 100, 400):
            weights = np.array(rule.weights)
            weights[one] *= factor
            other = WeightedClasses(kind="weighted_classes", weights=tuple(weights.tolist()))
            assert score(targets, other(predictions)) <= reached + 1e-9


def test_where_nothing_gains_the_likeliest_class_stays() -> None:
    assert fit_weights(np.eye(3, dtype=np.float32), np.arange(3), macro_f1, by_support=False) == MostProbable(
        kind="most_probable"
    )


def test_what_another_class_in_vain_would_cost_is_no_gain() -> None:
    """Lower weights of the first and last class label a row as the second, of which there is no row."""
    predictions = np.array(
        [[0.02, 0.21, 0.77], [0.69, 0.11, 0.2], [0.53, 0.34, 0.13], [0.7878788, 0.1212121, 0.0909091]], np.float32
    )
    targets = np.array([2, 2, 0, 0])
    rule = fit_weights(predictions, targets, macro_f1, by_support=False)
    assert macro_f1(targets, rule(predictions)) >= macro_f1(targets, most_probable(predictions))


def test_weights_of_very_many_classes_are_not_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weighted_classes, "MOST_CLASSES", 3)
    targets, predictions = uneven(150, 0)
    assert fit_weights(predictions, targets, macro_f1, by_support=False) == MostProbable(kind="most_probable")
