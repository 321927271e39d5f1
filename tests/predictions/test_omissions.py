import numpy as np
import pytest

from foldline.cards.metric import Brier
from foldline.competition.decisions.rules import AsPredicted
from foldline.competition.metrics import METRICS
from foldline.config.clip import Clip, FittedBounds
from foldline.config.ensemble import FittedTemperature
from foldline.predictions.answering import as_they_are
from foldline.predictions.clip_steps import clip_steps
from foldline.predictions.omissions import no_use
from foldline.predictions.steps import Judge
from foldline.predictions.temperature import temperature_step


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("auc", "which depends on the order of predictions alone"),
        ("accuracy", "which depends on labels alone"),
        ("brier", "to which no row can cost more than 1"),
    ],
)
def test_why_a_step_is_left_out(metric: str, why: str) -> None:
    assert no_use(METRICS[metric], "clipping") == f"clipping cannot help {metric}, {why}"


def test_bounds_are_not_fitted_for_brier_s_score() -> None:
    section = Clip(bounds=FittedBounds(kind="fitted"), rule="fitted")
    rule = AsPredicted(kind="as_predicted")
    steps, left_out = clip_steps(section, "distribution", ("a", "b"), rule, Brier(kind="brier"))
    assert not steps
    assert [gain.step for gain in left_out] == ["bounds", "rule"]


def test_a_temperature_helps_brier_s_score_of_predictions_that_are_too_certain() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(400, 3))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    targets = (shares.cumsum(axis=1) < generator.uniform(size=(400, 1))).sum(axis=1)
    certain = (shares**3 / (shares**3).sum(axis=1, keepdims=True)).astype(np.float32)
    judge = Judge(METRICS["brier"], as_they_are)
    step = temperature_step(FittedTemperature(kind="fitted", softening="kept"), "distribution", judge)
    temperature = step.fit(step.evidence((certain,), targets), targets)
    (softer,) = step.apply(temperature, (certain,))
    assert temperature == pytest.approx(3, rel=0.2)
    assert judge.metric.score(targets, softer) < judge.metric.score(targets, certain) - 0.01
