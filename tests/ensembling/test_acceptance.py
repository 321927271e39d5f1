"""Over 100 draws: a step that is worth nothing is kept in at most 5 %, one that is worth something in most."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest

from foldline.ensembling import intervals
from foldline.ensembling.bounds import FittedBounds
from foldline.ensembling.chain import fit_chain
from foldline.ensembling.clipping import Decision
from foldline.ensembling.methods import ConvexCombination, HillClimbing, Method, Ranks, Stacking
from foldline.ensembling.scales import Inputs
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.temperature import FittedTemperature
from foldline.ensembling.view_averages import ranks_within
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.kinds.of_labels import MacroF1, QuadraticWeightedKappa
from foldline.metrics.kinds.of_order import Auc
from foldline.metrics.kinds.of_probabilities import LogLoss
from foldline.metrics.kinds.of_sets import MultilabelMacroF1
from foldline.metrics.metric import Metric as MetricFact
from foldline.metrics.metric_and_rule import RuleKind
from tests.ensembling import drawing
from tests.ensembling.drawing import (
    FOLDS,
    IN_SCORES,
    PLAIN,
    FromPredictions,
    exchangeable,
    fit_data,
    of_labels,
    of_strengths,
    scorer_of,
)
from tests.metrics.decisions.rules import even_thresholds
from tests.words import DISTRIBUTION

pytestmark = pytest.mark.many_draws
DRAWS, ROWS, MEMBERS = 100, 500, 5
ARG_MAX = MostProbable(kind="most_probable")


@pytest.fixture(autouse=True)
def _intervals_take_fewer_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred chains: what a fifth of the bootstrap's draws leaves uncertain of each evens out."""
    monkeypatch.setattr(intervals, "DRAWS", 200)


LOG_LOSS, MACRO_F1, AUC = LogLoss(kind="log_loss"), MacroF1(kind="macro_f1"), Auc(kind="auc")
GREEDY = HillClimbing(kind="hill_climbing", rounds=10)
Draw = Callable[[int], tuple[Inputs, np.ndarray]]


def weights(method: Method, fact: MetricFact) -> Step:
    return drawing.weights(method, MEMBERS, scorer_of(fact))


CONVEX = weights(ConvexCombination(kind="convex_combination"), LOG_LOSS)
STACKING = weights(Stacking(kind="stacking", penalty=1.0), LOG_LOSS)


def decision(rule: RuleKind, metric: MetricFact, classes: int) -> Step:
    return Decision(rule=rule, unknown=None).on(Context(PLAIN, Scorer(metric, rule), classes))


CLASS_WEIGHTS = decision(ARG_MAX, MACRO_F1, 8)
ORDINAL_THRESHOLDS = decision(ARG_MAX, QuadraticWeightedKappa(kind="quadratic_weighted_kappa"), 5)
THRESHOLDS = decision(even_thresholds(6, "allowed"), MultilabelMacroF1(kind="multilabel_macro_f1"), 6)
SCORER = scorer_of(LOG_LOSS)
DIVIDED = FittedTemperature(kind="fitted", softening="kept").on(Context(IN_SCORES, SCORER, 8))
TEMPERATURE = FromPredictions(step=DIVIDED)
BOUNDS = FittedBounds(kind="fitted").on(Context(PLAIN, SCORER, 8))


def alike(seed: int, classes: int = 8, shared: float = 0.7) -> tuple[Inputs, np.ndarray]:
    return exchangeable(seed, ROWS, MEMBERS, classes, shared)


def mean_of_alike(seed: int) -> tuple[Inputs, np.ndarray]:
    inputs, targets = alike(seed)
    return (PLAIN.mean(inputs),), targets


def one_model(seed: int, strength: float = 1.5, classes: int = 8, rows: int = ROWS) -> tuple[Inputs, np.ndarray]:
    """Calibrated, as the mean of several is not: there is no temperature to find."""
    return of_strengths(seed, rows, np.array([strength]), classes)


def with_ranks(seed: int) -> tuple[Inputs, np.ndarray]:
    inputs, targets = alike(seed, classes=2)
    folds = np.arange(ROWS) % FOLDS
    return (*inputs, *(ranks_within(one, folds, DISTRIBUTION) for one in inputs)), targets


def one_is_better(seed: int, classes: int = 8, better: float = 1.9) -> tuple[Inputs, np.ndarray]:
    return of_strengths(seed, ROWS, np.array([1.5, 1.5, 1.5, 1.5, better]), classes)


def scales_differ(seed: int) -> tuple[Inputs, np.ndarray]:
    """The better a member orders rows, the smaller its probabilities, so that its order is lost in their mean."""
    inputs, targets = of_strengths(seed, ROWS, np.array([1.0, 1.0, 1.0, 1.0, 2.0]), classes=2)
    shrunk = inputs[-1][:, 1] * np.float32(0.01)
    inputs = (*inputs[:-1], np.column_stack([1 - shrunk, shrunk]))
    folds = np.arange(ROWS) % FOLDS
    return (*inputs, *(ranks_within(one, folds, DISTRIBUTION) for one in inputs)), targets


def kept(step: Step, draw: Draw) -> int:
    return sum(fit_chain([step], fit_data(*draw(seed))).gains[0].applied for seed in range(DRAWS))


@pytest.mark.parametrize(("step", "draw"), [(CONVEX, alike), (CLASS_WEIGHTS, mean_of_alike)], ids=["convex", "rule"])
def test_what_is_worth_nothing_is_kept_in_at_most_5_percent(step: Step, draw: Draw) -> None:
    assert kept(step, draw) <= 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "draw"),
    [
        (weights(GREEDY, LOG_LOSS), alike),
        (weights(GREEDY, MACRO_F1), alike),
        (weights(GREEDY, AUC), partial(alike, classes=2)),
        # The mean of members that differ is less certain than it should be, which stacking rightly mends.
        (STACKING, partial(alike, shared=0.9999)),
        (weights(Ranks(kind="ranks"), AUC), with_ranks),
        (TEMPERATURE, one_model),
        (BOUNDS, one_model),
        # Of a strong model the best ordinal thresholds and thresholds are those that everybody would take.
        (ORDINAL_THRESHOLDS, partial(one_model, strength=4.0, classes=5)),
        (THRESHOLDS, lambda seed: of_labels(seed, ROWS, strength=3.0)),
    ],
    ids=["greedy", "greedy-f1", "greedy-auc", "stacking", "ranks", "temperature", "bounds", "cuts", "thresholds"],
)
def test_nor_is_it_by_any_other_step(step: Step, draw: Draw) -> None:
    assert kept(step, draw) <= 5


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "draw"),
    [
        (CONVEX, one_is_better),
        (weights(GREEDY, LOG_LOSS), one_is_better),
        (weights(GREEDY, MACRO_F1), partial(one_is_better, better=2.5)),
        (weights(GREEDY, AUC), partial(one_is_better, classes=2, better=2.5)),
        (STACKING, one_is_better),
        (weights(Ranks(kind="ranks"), AUC), scales_differ),
        (TEMPERATURE, mean_of_alike),
        (ORDINAL_THRESHOLDS, partial(one_model, classes=5, rows=2000)),
        (THRESHOLDS, lambda seed: of_labels(seed, ROWS, strength=1.5)),
    ],
    ids=["convex", "greedy", "greedy-f1", "greedy-auc", "stacking", "ranks", "temperature", "cuts", "thresholds"],
)
def test_what_is_worth_something_is_kept_in_most_draws(step: Step, draw: Draw) -> None:
    assert kept(step, draw) > DRAWS / 2
