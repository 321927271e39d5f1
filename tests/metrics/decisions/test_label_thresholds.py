from itertools import product

import numpy as np
import pytest

from foldline.metrics.decisions import label_thresholds
from foldline.metrics.decisions.label_thresholds import Thresholds, fit_each, fit_macro, fit_micro
from foldline.metrics.metric import Metric
from tests.metrics.decisions.rules import even_thresholds
from tests.metrics.of_kind import metric_of_kind, scored

hamming_loss, macro_f1, micro_f1 = (
    scored(kind) for kind in ("hamming_loss", "multilabel_macro_f1", "multilabel_micro_f1")
)


F1, F2 = metric_of_kind("samples_f_beta", beta=1), metric_of_kind("samples_f_beta", beta=2)
JACCARD, MATCH = metric_of_kind("samples_jaccard"), metric_of_kind("exact_match")


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
    monkeypatch.setattr(label_thresholds, "COLUMNS_AT_A_TIME", 3)
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


def drawn_for_rows(seed: int, classes: int = 2) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    targets = (generator.uniform(size=(40, classes)) < 0.4).astype(np.uint8)
    noisy = 0.6 * generator.uniform(size=targets.shape) + 0.25 * targets
    return targets, noisy.round(2).astype(np.float32)


@pytest.mark.parametrize("metric", [F1, F2, JACCARD, MATCH])
@pytest.mark.parametrize("seed", range(3))
def test_no_single_threshold_could_be_better(metric: Metric, seed: int) -> None:
    """Coordinate ascent ends where no label gains by another threshold; of two labels, at most 2 % below the best."""
    targets, predictions = drawn_for_rows(seed)
    rule = even_thresholds(2, "allowed").fitted(metric, predictions, targets)
    found = metric.score(targets, rule(predictions))
    tried = [np.append(np.unique(predictions[:, label]), 2) for label in range(2)]

    def score(first: float, second: float) -> float:
        return metric.score(targets, predictions >= np.array([first, second]))

    assert found >= max(score(one, rule.thresholds[1]) for one in tried[0]) - 1e-9
    assert found >= max(score(rule.thresholds[0], one) for one in tried[1]) - 1e-9
    assert found >= 0.98 * max(score(*both) for both in product(*tried))


@pytest.mark.parametrize("metric", [F2, JACCARD, MATCH])
def test_what_is_fitted_is_never_worse_than_what_was_there(metric: Metric) -> None:
    """Empty sets refused: the label that stands in is left out of the fit, not out of the choice."""
    for seed in range(5):
        targets, predictions = drawn_for_rows(seed, classes=5)
        start = even_thresholds(5, "refused")
        fitted = start.fitted(metric, predictions, targets)
        before, after = (metric.score(targets, rule(predictions)) for rule in (start, fitted))
        assert after >= before
        assert fitted(predictions).any(axis=1).all()
