"""Metrics of one label per row, as scikit-learn computes them. Labels are positions among the classes."""

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, Int64

from foldline.metrics.scores.checks import require_rows

Labels = Int64[np.ndarray, " rows"]


def accuracy(targets: Labels, labels: Labels) -> float:
    """The share of rows whose label is right."""
    require_rows(targets)
    return float((labels == targets).mean())


def macro_f1(targets: Labels, labels: Labels) -> float:
    """The mean F1 of all classes that are among the targets or the labels: one that is predicted in vain adds a 0."""
    wanted, scores = _f1_by_class(targets, labels)
    return float(np.mean(scores[(wanted > 0) | (np.bincount(labels, minlength=len(wanted)) > 0)]))


def weighted_f1(targets: Labels, labels: Labels) -> float:
    """The mean F1 of the classes among the targets, each by its share of the rows."""
    wanted, scores = _f1_by_class(targets, labels)
    return float(np.average(scores, weights=wanted))


def balanced_accuracy(targets: Labels, labels: Labels) -> float:
    """The mean over the classes among the targets of the share of their rows that is right."""
    require_rows(targets)
    wanted = np.bincount(targets)
    right = np.bincount(targets[labels == targets], minlength=len(wanted))
    return float(np.mean(right[wanted > 0] / wanted[wanted > 0]))


def f_beta(targets: Labels, labels: Labels, beta: float) -> float:
    """Of class 1; 0 where it is neither among the targets nor among the labels."""
    require_rows(targets)
    right = int(((labels == 1) & (targets == 1)).sum())
    seen = beta**2 * int((targets == 1).sum()) + int((labels == 1).sum())
    return (1 + beta**2) * right / seen if seen else 0.0


def matthews(targets: Labels, labels: Labels) -> float:
    """Matthews' correlation, of any number of classes; 0 where all targets or all labels are of one class.

    Source: Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient, 2004.
    """
    require_rows(targets)
    classes = int(max(targets.max(), labels.max())) + 1
    # Python's whole numbers: products of counts of a million rows squared leave 64 bits.
    wanted, found = (np.bincount(of, minlength=classes).tolist() for of in (targets, labels))
    rows, right = len(targets), int((targets == labels).sum())
    together = right * rows - sum(one * other for one, other in zip(wanted, found, strict=True))
    spread = (rows**2 - sum(count**2 for count in wanted)) * (rows**2 - sum(count**2 for count in found))
    return together / math.sqrt(spread) if spread else 0.0


def cohen_kappa(targets: Labels, labels: Labels) -> float:
    """The share that is right, beyond that by chance; NaN where all targets and labels are of one class.

    Source: Cohen, A Coefficient of Agreement for Nominal Scales, 1960.
    """
    require_rows(targets)
    classes = int(max(targets.max(), labels.max())) + 1
    right = float((labels == targets).mean())
    wanted, found = (np.bincount(of, minlength=classes) / len(targets) for of in (targets, labels))
    by_chance = float(wanted @ found)
    return (right - by_chance) / (1 - by_chance) if by_chance < 1 else math.nan


def quadratic_kappa(targets: Labels, labels: Labels) -> float:
    """Cohen's kappa with quadratic weights; NaN where all targets and labels are of one level.

    A level counts by its place among those that occur at all, as `cohen_kappa_score` without `labels` counts it.
    """
    return _kappa_of_levels(targets, labels, np.square)


def linear_kappa(targets: Labels, labels: Labels) -> float:
    """The same with linear weights."""
    return _kappa_of_levels(targets, labels, np.abs)


def _f1_by_class(
    targets: Labels, labels: Labels
) -> tuple[Int64[np.ndarray, " classes"], Float64[np.ndarray, " classes"]]:
    """Each class's rows among the targets, and its F1: 0 where it is nowhere."""
    require_rows(targets)
    classes = int(max(targets.max(), labels.max())) + 1
    right = np.bincount(targets[labels == targets], minlength=classes)
    wanted, found = np.bincount(targets, minlength=classes), np.bincount(labels, minlength=classes)
    return wanted, 2 * right / np.maximum(wanted + found, 1)


def _kappa_of_levels(targets: Labels, labels: Labels, cost: Callable[[np.ndarray], np.ndarray]) -> float:
    """cost: of the difference of two levels."""
    require_rows(targets)
    found, places = np.unique(np.concatenate([targets, labels]), return_inverse=True)
    counts = np.zeros((len(found), len(found)))
    np.add.at(counts, (places[: len(targets)], places[len(targets) :]), 1)
    by_chance = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / len(targets)
    distances = cost(np.subtract.outer(np.arange(len(found)), np.arange(len(found))))
    expected = float((distances * by_chance).sum())
    return 1 - float((distances * counts).sum()) / expected if expected else float("nan")
