import math

import numpy as np
import pytest

from foldline.ensembling.predictions import Predictions
from foldline.ensembling.scoring import Scores, compared_numbers, ensemble_metrics, score_folds
from tests.ensembling.drawing import scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import DISTRIBUTION

LOG_LOSS = metric_of_kind("log_loss")
TARGETS = np.array([0, 1, 0, 1])
PROBABILITIES = np.array([[0.5, 0.5], [0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], np.float32)
FOLDS = np.array([2, 0, 0, 0])


def test_a_fold_is_scored_on_its_own_rows() -> None:
    scores = score_folds(LOG_LOSS, TARGETS, PROBABILITIES, FOLDS)
    assert scores.by_fold == {0: pytest.approx((2 * math.log(4) + math.log(2)) / 3), 2: pytest.approx(math.log(2))}
    assert scores.pooled == pytest.approx((2 * math.log(4) + 2 * math.log(2)) / 4)
    assert scores.fold_mean == pytest.approx((scores.by_fold[0] + scores.by_fold[2]) / 2)


def test_the_ensembles_metrics() -> None:
    ids = ("a", "b", "c", "d")
    means = Predictions(PROBABILITIES, PROBABILITIES[:0], ids, (), FOLDS, ("cat", "dog"), DISTRIBUTION)
    assert ensemble_metrics(scorer_of(LOG_LOSS), TARGETS, means) == {
        "metric": "log_loss",
        "higher_is_better": False,
        "score": 1.039721,
        "fold_scores": {"0": 1.155245, "2": 0.693147},
        "fold_mean": 0.924196,
        "rows": 4,
        "folds": [0, 2],
    }


def test_scores_as_they_are_written() -> None:
    assert Scores(0.45, {0: 0.38, 1: 0.5212345678}).as_json(LOG_LOSS, 20) == {
        "metric": "log_loss",
        "higher_is_better": False,
        "score": 0.45,
        "fold_scores": {"0": 0.38, "1": 0.521235},
        "rows": 20,
        "folds": [0, 1],
    }


def test_what_is_not_defined_is_null() -> None:
    """The AUC of a fold with one class alone; a comparison of runs then knows no standard error."""
    scores = Scores(0.8, {0: math.nan, 1: 0.9}).as_json(metric_of_kind("auc"), 4)
    assert scores["fold_scores"] == {"0": None, "1": 0.9}
    assert scores["higher_is_better"]
    assert compared_numbers(scores, None) == {"score": 0.8}


def test_what_the_card_says_of_the_metric_is_written_with_its_scores() -> None:
    f_beta = metric_of_kind("f_beta", beta=2)
    assert Scores(0.45, {0: 0.38}).as_json(f_beta, 20)["metric_parameters"] == {"beta": 2}
    assert metric_of_kind("mean_column_accuracy", weights=None).parameters == {}
