"""Metrics of one label per row, as scikit-learn computes them. Labels are positions among the classes."""

import numpy as np
from jaxtyping import Int64

from foldline.competition.scores.checks import require_rows

Labels = Int64[np.ndarray, " rows"]


def accuracy(targets: Labels, labels: Labels) -> float:
    """The share of rows whose label is right."""
    require_rows(targets)
    return float((labels == targets).mean())


def macro_f1(targets: Labels, labels: Labels) -> float:
    """The mean F1 of all classes that are among the targets or the labels: one that is predicted in vain adds a 0."""
    require_rows(targets)
    classes = int(max(targets.max(), labels.max())) + 1
    right = np.bincount(targets[labels == targets], minlength=classes)
    seen = np.bincount(targets, minlength=classes) + np.bincount(labels, minlength=classes)
    return float(np.mean(2 * right[seen > 0] / seen[seen > 0]))


def quadratic_kappa(targets: Labels, labels: Labels) -> float:
    """Cohen's kappa with quadratic weights; NaN where all targets and labels are of one level.

    A level counts by its place among those that occur at all, as `cohen_kappa_score` without `labels` counts it.
    """
    require_rows(targets)
    found, places = np.unique(np.concatenate([targets, labels]), return_inverse=True)
    counts = np.zeros((len(found), len(found)))
    np.add.at(counts, (places[: len(targets)], places[len(targets) :]), 1)
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / len(targets)
    distances = np.subtract.outer(np.arange(len(found)), np.arange(len(found))) ** 2
    expected = float((distances * by_chance).sum())
    return 1 - float((distances * counts).sum()) / expected if expected else float("nan")
