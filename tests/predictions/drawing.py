"""Members whose predictions and truth are drawn, so that what a step is truly worth can be known."""

import numpy as np
from scipy.special import softmax

from foldline.predictions.nested import Evidence
from foldline.predictions.steps import Inputs

FOLDS = 5
SHARED = 0.7
"""The part of a member's noise that all members have in common."""


def exchangeable(seed: int, rows: int, members: int, classes: int = 8) -> tuple[Inputs, np.ndarray]:
    """Members of equal strength, each calibrated: its prediction is the posterior of what it has seen."""
    return of_strengths(seed, rows, np.full(members, 1.5), classes)


def of_strengths(seed: int, rows: int, strengths: np.ndarray, classes: int = 8) -> tuple[Inputs, np.ndarray]:
    """Each member sees the class's direction times its strength, in noise of unit variance, and says the posterior."""
    generator = np.random.default_rng(seed)
    targets = generator.integers(classes, size=rows)
    common = generator.normal(size=(rows, classes))
    inputs = []
    for strength in strengths:
        noise = np.sqrt(SHARED) * common + np.sqrt(1 - SHARED) * generator.normal(size=(rows, classes))
        seen = strength * np.eye(classes)[targets] + noise
        inputs.append(softmax(strength * seen, axis=1).astype(np.float32))
    return tuple(inputs), targets


def evidence(inputs: Inputs, targets: np.ndarray) -> Evidence:
    rows = np.arange(len(targets))
    return Evidence(inputs, targets, rows % FOLDS, rows)
