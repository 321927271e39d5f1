"""Metrics of rankings: of the classes of each row, or of all rows' labels by their confidence.

A row's ranking holds positions of classes, the likeliest first, each once; -1 for no more.
"""

from typing import Annotated, ClassVar, Literal

import numpy as np
from jaxtyping import Float64, UInt8
from pydantic import Field

from foldline.metrics.metric_and_rule import MeanOfRows, MetricKind
from foldline.metrics.truths_and_answers import Labels, OfRows, Rankings, Weights


class _OfFirst(MeanOfRows):
    k: Annotated[int, Field(ge=1, examples=[3])]
    truths: ClassVar = ("ranking",)
    answers: ClassVar = ("rankings",)

    @property
    def name(self) -> str:
        return self.kind.replace("_k", f"_{self.k}")

    @property
    def ranked(self) -> int:
        return self.k


class MeanAveragePrecision(_OfFirst):
    """MAP@k of a ranking: the mean over rows of the precision down to each correct class among the first k, summed and
    divided by how many correct ones there could be. With one correct class 1 / its rank, 0 where it is not among k."""

    kind: Literal["map_at_k"]
    other_names: ClassVar = {r"map(@|_at_)(?P<k>\d+)": ""}
    truths: ClassVar = ("ranking", "set")
    fits_rejection: ClassVar = True

    def row_scores(self, targets: Labels | UInt8[np.ndarray, "rows classes"], predictions: Rankings) -> OfRows:
        """targets: the one correct class, or 0 and 1 by class. Source: Kaggle's MAP@k (benhamner/Metrics, `mapk`)."""
        first = predictions[:, : self.k]
        if targets.ndim == 1:
            correct, found = np.ones(len(targets), np.int64), first == targets[:, None]
        else:
            correct = targets.sum(axis=1, dtype=np.int64)
            found = (np.take_along_axis(targets, first.clip(min=0), axis=1) == 1) & (first >= 0)
        precisions = np.cumsum(found, axis=1) / np.arange(1, first.shape[1] + 1)
        return (precisions * found).sum(axis=1) / correct.clip(1, self.k)


class TopKError(_OfFirst):
    """The fraction of rows whose class is not among the first k of their ranking."""

    kind: Literal["top_k_error"]
    other_names: ClassVar = {r"top_?(?P<k>\d+)_error": ""}
    is_error: ClassVar = True

    def row_scores(self, targets: Labels, predictions: Rankings) -> OfRows:
        return (predictions[:, : self.k] != targets[:, None]).all(axis=1).astype(np.float64)


class TopKAccuracy(_OfFirst):
    """The fraction of rows whose class is among the first k of their ranking."""

    kind: Literal["top_k_accuracy"]
    other_names: ClassVar = {r"top_?(?P<k>\d+)_accuracy": ""}

    def row_scores(self, targets: Labels, predictions: Rankings) -> OfRows:
        return (predictions[:, : self.k] == targets[:, None]).any(axis=1).astype(np.float64)


class GlobalAveragePrecision(MetricKind):
    """GAP, or micro average precision of one label per row: the rows in the order of their confidence, the precision at
    each correct one, by the number of rows that have a label. Of equal confidences the first row comes first."""

    kind: Literal["global_average_precision"]
    other_names: ClassVar = {"gap": ""}
    truths: ClassVar = ("class",)
    answers: ClassVar = ("confident_labels",)

    def value(self, targets: Labels, predictions: Float64[np.ndarray, "rows 2"], weights: Weights) -> float:
        """targets: -1 where there is no label, which nothing finds. predictions: a class's position and its confidence.

        Source: Perronnin et al., A family of contextual measures of similarity between distributions with application
        to image retrieval, 2009; landmark-recognition-2020.
        """
        order = np.argsort(-predictions[:, 1], kind="stable")
        correct, steps = predictions[order, 0] == targets[order], np.ceil(weights[order]).astype(np.int64)
        # A row that weighs 2.5 is three that follow each other, the last of which weighs a half.
        rows, sizes = np.repeat(correct, steps), np.ones(int(steps.sum()))
        sizes[np.cumsum(steps) - 1] = weights[order] - (steps - 1)
        precisions = np.cumsum(rows * sizes) / np.cumsum(sizes)
        return float((precisions * rows * sizes).sum() / weights[targets >= 0].sum())
