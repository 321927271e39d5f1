from itertools import product

import numpy as np
import pytest

from foldline.metrics.decisions import sets
from foldline.metrics.decisions.sets import Thresholds, even_thresholds, fit_each, fit_macro, fit_micro
from foldline.metrics.scores.sets import hamming_loss, macro_f1, micro_f1


def drawn(seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    targets = (generator.uniform(size=(40, classes)) < 0.3).astype(np.uint8)
    noisy = 0.6 * generator.uniform(size=targets.shape) + 0.25 * targets
    return targets, noisy.round(2).astype(np.float32)


def right(targets: np.ndarray, sets: np.ndarray) -> float:
    return 1 - hamming_loss(targets, sets)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("fit", "score"), [(fit_macro, macro_f1), (fit_micro, micro_f1), (fit_each, right)])
def test_no_other_thresholds_score_higher(fit, score, seed: int) -> None:
    """All pairs of thresholds at a prediction, or above all; equal predictions are among them."""
    targets, predictions = drawn(seed)
    rule = fit(even_thresholds(2, "allowed"), predictions, targets)
    tried = product(*(np.append(np.unique(predictions[:, place]), 2) for place in range(2)))
    best = max(score(targets, predictions >= np.array(thresholds)) for thresholds in tried)
    assert score(targets, rule(predictions)) == pytest.approx(best, rel=1e-12)


def test_columns_are_read_a_few_at_a_time_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    targets, predictions = drawn(0, classes=7)
    whole = [fit(even_thresholds(7, "allowed"), predictions, targets) for fit in (fit_macro, fit_micro)]
    monkeypatch.setattr(sets, "COLUMNS_AT_A_TIME", 3)
    assert [fit(even_thresholds(7, "allowed"), predictions, targets) for fit in (fit_macro, fit_micro)] == whole


def test_a_label_without_a_positive_row() -> None:
    """Macro F1 learns nothing of it; micro F1 says that it costs to name it."""
    targets, predictions = drawn(0)
    targets[:, 1] = 0
    assert fit_macro(even_thresholds(2, "allowed"), predictions, targets).thresholds[1] == 0.5
    assert fit_micro(even_thresholds(2, "allowed"), predictions, targets).thresholds[1] > predictions[:, 1].max()


def test_an_empty_set_gets_the_label_nearest_to_its_threshold_unless_allowed() -> None:
    predictions = np.array([[0.4, 0.19], [0.9, 0.1], [0, 0]], np.float32)
    free, filled = (
        Thresholds(kind="thresholds", thresholds=(0.8, 0.2), empty=empty) for empty in ("allowed", "refused")
    )
    assert free(predictions).tolist() == [[False, False], [True, False], [False, False]]
    assert filled(predictions).tolist() == [[False, True], [True, False], [True, False]]
