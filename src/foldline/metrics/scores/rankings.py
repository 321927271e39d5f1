"""Metrics of rankings: of the classes of each row, or of all rows' labels by their confidence.

A row's ranking holds positions of classes, the likeliest first, each once; -1 for no more.
"""

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from foldline.metrics.scores.checks import require_rows


def map_at_k(
    targets: Int64[np.ndarray, " rows"] | UInt8[np.ndarray, "rows classes"],
    rankings: Int64[np.ndarray, "rows length"],
    k: int,
) -> float:
    """The mean over rows of the sum of the precisions down to each right class among the first `k`, divided by `k` or
    the number of right ones, whichever is less; 0 for a row without any.

    targets: the one right class, for which that is 1 / its place, or 0 and 1 by class. Source: Kaggle's MAP@k
    (benhamner/Metrics, `mapk`).
    """
    require_rows(targets)
    first = rankings[:, :k]
    if targets.ndim == 1:
        right, found = np.ones(len(targets), np.int64), first == targets[:, None]
    else:
        right = targets.sum(axis=1, dtype=np.int64)
        found = (np.take_along_axis(targets, first.clip(min=0), axis=1) == 1) & (first >= 0)
    precisions = np.cumsum(found, axis=1) / np.arange(1, first.shape[1] + 1)
    return float(((precisions * found).sum(axis=1) / right.clip(1, k)).mean())


def global_average_precision(
    targets: Int64[np.ndarray, " rows"], confident_labels: Float64[np.ndarray, "rows 2"]
) -> float:
    """The precision among the rows down to each right one, by falling confidence, summed and divided by all rows.

    confident_labels: a class's position and its confidence. Of equal confidences the first row comes first.
    Source: Perronnin et al., A family of contextual measures of similarity between distributions with application to
    image retrieval, 2009; landmark-recognition-2020.
    """
    require_rows(targets)
    order = np.argsort(-confident_labels[:, 1], kind="stable")
    right = confident_labels[order, 0] == targets[order]
    precisions = np.cumsum(right) / np.arange(1, len(right) + 1)
    return float((precisions * right).sum() / len(right))


def top_k_error(targets: Int64[np.ndarray, " rows"], rankings: Int64[np.ndarray, "rows length"], k: int) -> float:
    """The share of rows whose class is not among the first `k`."""
    return 1 - top_k_accuracy(targets, rankings, k)


def top_k_accuracy(targets: Int64[np.ndarray, " rows"], rankings: Int64[np.ndarray, "rows length"], k: int) -> float:
    """The share of rows whose class is among the first `k`."""
    require_rows(targets)
    return float((rankings[:, :k] == targets[:, None]).any(axis=1).mean())
