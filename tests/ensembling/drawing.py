"""Members whose predictions and truth are drawn, so that what a step is truly worth can be known."""

from typing import Any

import numpy as np
from pydantic import InstanceOf
from scipy.special import expit, softmax

from foldline.ensembling.chain import FitData, NestedChain
from foldline.ensembling.methods import Method
from foldline.ensembling.scales import Inputs, OfLogProbabilities, Scale
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context, Step, inputs_at
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.metric import Metric
from tests.words import DISTRIBUTION

FOLDS = 5
SHARED = 0.7
"""The part of a member's noise that all members have in common."""
POSITIVE_SHARE = 0.3


PLAIN, IN_SCORES = Scale(DISTRIBUTION), OfLogProbabilities(DISTRIBUTION)


def scorer_of(metric: Metric) -> Scorer:
    return Scorer(metric, MostProbable(kind="most_probable"))


def weights(method: Method, members: int, scorer: Scorer) -> Step:
    """On the scale that the method takes, from predictions to predictions."""
    names = tuple(str(one) for one in range(members))
    if not method.takes_scores:
        return method.on(Context(PLAIN, scorer, 8, names))
    return FromPredictions(step=method.on(Context(IN_SCORES, scorer, 8, names)))


class FromPredictions(Step):
    """A step of scores of distributions, from predictions to predictions: tests know how small these are."""

    name = "from predictions"
    step: InstanceOf[Step]

    @property
    def metric(self) -> Metric:
        return self.step.metric

    @property
    def note(self) -> str | None:
        return self.step.note

    def default(self) -> Any:
        return self.step.default()

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> np.ndarray:
        return self.step.fit_data(in_scores(inputs), targets)

    def fit(self, data: np.ndarray, targets: np.ndarray) -> Any:
        return self.step.fit(data, targets)

    def apply(self, setting: Any, inputs: Inputs) -> Inputs:
        return tuple(map(IN_SCORES.predictions, self.step.apply(setting, in_scores(inputs))))

    def describe(self, setting: Any) -> str:
        return self.step.describe(setting)

    def objection(self, setting: Any) -> str | None:
        return self.step.objection(setting)

    def answers(self, outputs: Inputs) -> np.ndarray:
        return self.step._on.scorer.answers(PLAIN.mean(outputs))


def in_scores(inputs: Inputs) -> Inputs:
    return tuple(np.log(one.astype(np.float64)) for one in inputs)


def exchangeable(
    seed: int, rows: int, members: int, classes: int = 8, shared: float = SHARED
) -> tuple[Inputs, np.ndarray]:
    """Members of equal strength, each calibrated: its prediction is the posterior of what it has seen."""
    return of_strengths(seed, rows, np.full(members, 1.5), classes, shared)


def of_strengths(
    seed: int, rows: int, strengths: np.ndarray, classes: int = 8, shared: float = SHARED
) -> tuple[Inputs, np.ndarray]:
    """Each member sees the class's direction times its strength, in noise of unit variance, and says the posterior."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(classes, size=rows)
    common = generator.normal(size=(rows, classes))
    inputs = []
    for strength in strengths:
        noise = np.sqrt(shared) * common + np.sqrt(1 - shared) * generator.normal(size=(rows, classes))
        seen = strength * np.eye(classes)[targets] + noise
        inputs.append(softmax(strength * seen, axis=1).astype(np.float32))
    return tuple(inputs), targets


def of_labels(seed: int, rows: int, strength: float, labels: int = 6) -> tuple[Inputs, np.ndarray]:
    """One member that sees each of several labels by itself, in noise of unit variance, and says its posterior."""
    generator = np.random.default_rng(seed)
    targets = (generator.random((rows, labels)) < POSITIVE_SHARE).astype(np.uint8)
    seen = strength * (targets - 0.5) + generator.normal(size=targets.shape)
    prior = np.log(POSITIVE_SHARE / (1 - POSITIVE_SHARE))
    return (expit(strength * seen + prior).astype(np.float32),), targets


def fit_data(inputs: Inputs, targets: np.ndarray) -> FitData:
    rows = np.arange(len(targets))
    return FitData(inputs, targets, rows % FOLDS, rows)


def cross_fitted(chain: NestedChain, folds: np.ndarray, inputs: Inputs) -> np.ndarray:
    return chain.cross_fitted(folds, lambda fold, rows: inputs_at(inputs, rows))[0]
