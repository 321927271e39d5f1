"""Members whose predictions and truth are drawn, so that what a step is truly worth can be known."""

from dataclasses import replace

import numpy as np
from scipy.special import expit, softmax

from foldline.ensembling.chain import Evidence, Judge, Step
from foldline.ensembling.methods import Method
from foldline.ensembling.scales import AsPredicted, Inputs, OfScores

FOLDS = 5
SHARED = 0.7
"""The part of a member's noise that all members have in common."""
POSITIVE_SHARE = 0.3


PLAIN, IN_SCORES = AsPredicted("distribution"), OfScores("distribution")


def weights(method: Method, members: int, judge: Judge) -> Step:
    """On the scale that the method takes, from predictions to predictions."""
    names = [str(one) for one in range(members)]
    if not method.takes_scores:
        return method.step(names, PLAIN, judge)
    return from_predictions(method.step(names, IN_SCORES, judge))


def from_predictions(step: Step) -> Step:
    """The step of scores of distributions, from predictions to predictions: tests know how small these are."""
    return replace(
        step,
        evidence=lambda inputs, targets: step.evidence(in_scores(inputs), targets),
        apply=lambda setting, inputs: tuple(map(IN_SCORES.predictions, step.apply(setting, in_scores(inputs)))),
    )


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


def evidence(inputs: Inputs, targets: np.ndarray) -> Evidence:
    rows = np.arange(len(targets))
    return Evidence(inputs, targets, rows % FOLDS, rows)
