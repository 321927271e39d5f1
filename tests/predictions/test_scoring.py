import math

import numpy as np
import pytest

from foldline.competition.metrics import METRICS
from foldline.predictions.gains import gains_table, given_gain, no_gain, standard_error
from foldline.predictions.scoring import Scores, clip_metrics, ensemble_metrics, score_folds

LOG_LOSS = METRICS["log_loss"]
TARGETS = np.array([0, 1, 0, 1])
PROBABILITIES = np.array([[0.5, 0.5], [0.75, 0.25], [0.25, 0.75], [0.5, 0.5]], np.float32)
FOLDS = np.array([2, 0, 0, 0])


def test_a_fold_is_scored_on_its_own_rows() -> None:
    scores = score_folds(LOG_LOSS, TARGETS, PROBABILITIES, FOLDS)
    assert scores.by_fold == {0: pytest.approx((2 * math.log(4) + math.log(2)) / 3), 2: pytest.approx(math.log(2))}
    assert scores.pooled == pytest.approx((2 * math.log(4) + 2 * math.log(2)) / 4)
    assert scores.fold_mean == pytest.approx((scores.by_fold[0] + scores.by_fold[2]) / 2)


def test_the_ensembles_metrics() -> None:
    assert ensemble_metrics(LOG_LOSS, TARGETS, PROBABILITIES, FOLDS) == {
        "metric": "log_loss",
        "score": 1.039721,
        "fold_scores": {"0": 1.155245, "2": 0.693147},
        "fold_mean": 0.924196,
        "accuracy": 0.25,
        "rows": 4,
        "folds": [0, 2],
    }


def test_clips_metrics() -> None:
    before, after = Scores(0.5, {0: 0.4, 1: 0.6}), Scores(0.45, {0: 0.38, 1: 0.5212345678})
    assert clip_metrics(LOG_LOSS, before, after, 20) == {
        "metric": "log_loss",
        "score_before": 0.5,
        "score": 0.45,
        "fold_scores": {"0": 0.38, "1": 0.521235},
        "rows": 20,
        "folds": [0, 1],
    }


def test_a_given_steps_claim_is_its_nested_gain() -> None:
    gain = given_gain("clip", LOG_LOSS, Scores(0.5, {0: 0.4, 1: 0.6}), Scores(0.45, {0: 0.38, 1: 0.52}))
    assert (gain.claimed, gain.nested) == (pytest.approx(0.05), pytest.approx(0.05))
    assert gain.standard_error == pytest.approx(0.03)
    assert gain.is_real
    assert gain.verdict == "A real gain: +0.050000 ± 0.030000."


def test_a_gain_within_its_standard_error_is_not_real() -> None:
    higher = given_gain("clip", METRICS["accuracy"], Scores(0.5, {0: 0.5, 1: 0.5}), Scores(0.5, {0: 0.7, 1: 0.3}))
    assert not higher.is_real
    worse = given_gain("clip", LOG_LOSS, Scores(0.5, {0: 0.5, 1: 0.5}), Scores(0.6, {0: 0.6, 1: 0.6}))
    assert worse.verdict == "Not a real gain: -0.100000 ± 0.000000, it costs."


def test_one_fold_has_no_standard_error() -> None:
    gain = given_gain("clip", LOG_LOSS, Scores(0.5, {0: 0.5}), Scores(0.4, {0: 0.4}))
    assert math.isnan(gain.standard_error)
    assert not gain.is_real


def test_the_standard_error_by_hand() -> None:
    """Deviations -1, 0, 1: variance 1, error 1 / sqrt(3)."""
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1 / math.sqrt(3))


def test_gains_are_rounded_lines_of_a_table() -> None:
    gains = gains_table(
        [
            no_gain("clip", "clip.kind is none"),
            given_gain("x", LOG_LOSS, Scores(1.0, {0: 1.0}), Scores(2 / 3, {0: 2 / 3})),
        ]
    )
    assert gains["claimed"].tolist() == [0.0, 0.333333]
    assert gains["kept"].tolist() == [False, True]
    assert gains["note"].iloc[0] == "clip.kind is none"
