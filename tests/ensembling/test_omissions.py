import numpy as np
import pytest

from foldline.ensembling.bounds import FittedBounds, NoBounds
from foldline.ensembling.clipping import Clip
from foldline.ensembling.scales import OfLogProbabilities, Scale
from foldline.ensembling.scoring import Gain, Scorer, not_applicable
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.temperature import FittedTemperature
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.decisions.new_class import LabelOrNew, TopClassesOrNew
from foldline.metrics.decisions.rules import AsPredicted
from foldline.metrics.kinds.of_labels import Accuracy
from foldline.metrics.kinds.of_probabilities import Brier
from foldline.metrics.kinds.of_rankings import MeanAveragePrecision
from foldline.metrics.metric_and_rule import MetricKind, RuleKind
from tests.ensembling.drawing import scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import DISTRIBUTION


@pytest.mark.parametrize(
    ("metric", "why"),
    [
        ("auc", "which sees only the order of predictions"),
        ("accuracy", "which sees only labels"),
        ("brier", "where no row costs more than 1"),
    ],
)
def test_why_a_step_is_left_out(metric: str, why: str) -> None:
    assert not_applicable(metric_of_kind(metric), "clipping") == f"not applicable: clipping cannot help {metric}, {why}"


def planned(section: Clip, rule: RuleKind, metric: MetricKind, targets: np.ndarray) -> tuple[list[Step], list[Gain]]:
    return section.steps(Context(Scale(DISTRIBUTION), Scorer(metric, rule), 2), targets)


def test_bounds_are_not_fitted_for_brier_s_score() -> None:
    section = Clip(bounds=FittedBounds(kind="fitted"), rule="fitted")
    steps, left_out = planned(section, AsPredicted(kind="as_predicted"), Brier(kind="brier"), np.zeros(2, int))
    assert not steps
    assert [gain.step for gain in left_out] == ["bounds", "rule"]


@pytest.mark.parametrize("target", [0, 2])
def test_the_level_of_a_new_class_wants_rows_that_are_new(target: int) -> None:
    section = Clip(bounds=NoBounds(kind="none"), rule="fitted")
    ranked = TopClassesOrNew(kind="top_classes_or_new", length=5, new_class=2, rejection_threshold=0.5)
    of_set = LabelOrNew(
        kind="label_or_new", known=MostProbable(kind="most_probable"), new_class=2, rejection_threshold=0.5
    )
    targets, note = (
        np.array([0, 1, target]),
        "no class is new to any fold: the rejection threshold stays at 0.5",
    )

    steps, left_out = planned(section, ranked, MeanAveragePrecision(**MAP), targets)
    assert (len(steps), [gain.note for gain in left_out]) == ((1, []) if target == 2 else (0, [note]))
    ([step], _) = planned(section, of_set, Accuracy(kind="accuracy"), targets)
    assert step.note == (None if target == 2 else note), "known classes may have something to fit"


SCALE = OfLogProbabilities(DISTRIBUTION)
MAP = {"kind": "map_at_k", "k": 5}


def test_a_temperature_helps_brier_s_score_of_predictions_that_are_too_certain() -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(400, 3))
    shares = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    targets = (shares.cumsum(axis=1) < generator.uniform(size=(400, 1))).sum(axis=1)
    certain = shares**3 / (shares**3).sum(axis=1, keepdims=True)
    scorer = scorer_of(metric_of_kind("brier"))
    step = FittedTemperature(kind="fitted", softening="kept").on(Context(SCALE, scorer, 3))
    temperature = step.fit(step.fit_data((np.log(certain),), targets), targets)
    (softer,) = map(SCALE.predictions, step.apply(temperature, (np.log(certain),)))
    assert temperature == pytest.approx(3, rel=0.2)
    assert scorer.score(targets, softer) < scorer.score(targets, certain.astype(np.float32)) - 0.01
