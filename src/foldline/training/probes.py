"""Probes: how well simple classifiers tell classes apart by the features of one stage.

A probe ranks stages and epochs of one way of learning; it does not say which of two ways fine-tunes better. Which stage
or epoch is best is itself chosen by its judged rows: rows that judge the choice must be others.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int64

from foldline.files.refusal import Refusal, counted

MOST_ITERATIONS = 1000


@dataclass(frozen=True)
class Labelled:
    """Rows of one stage and one space (predicting/feature_space.py), with their classes."""

    features: Float[np.ndarray, "rows channels"]
    labels: Int64[np.ndarray, " rows"]
    """A class's place among the classes, from 0."""


@dataclass(frozen=True)
class Probe:
    """What a classifier made of rows that it was not fitted on."""

    labels: Int64[np.ndarray, " judged"]
    predictions: Int64[np.ndarray, " judged"]

    @property
    def accuracy(self) -> float:
        """The fraction of rows, 0 to 1, whose class is predicted."""
        return float(np.mean(self.labels == self.predictions))

    @property
    def standard_error(self) -> float:
        """Of the accuracy, over rows."""
        return float(np.sqrt(self.accuracy * (1 - self.accuracy) / len(self.labels)))

    def confusion(self, classes: int) -> Int64[np.ndarray, "classes classes"]:
        """How many rows of each class (a line) are taken for each class (a column)."""
        counts = np.zeros((classes, classes), np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts


def linear_probe(fitted: Labelled, judged: Labelled, inverse_penalty: float = 1.0) -> Probe:
    """scikit-learn's LogisticRegression on features in standard deviations of the fitted rows.

    inverse_penalty: its C. Raises Refusal when the fitted rows have one class, or there is no row to judge.
    """
    from sklearn.linear_model import LogisticRegression  # A second of start-up.
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # as in linear_heads.py
        return _judged(LogisticRegression(C=inverse_penalty, max_iter=MOST_ITERATIONS), fitted, judged)


def neighbours_probe(fitted: Labelled, judged: Labelled, neighbours: int = 20) -> Probe:
    """A second opinion without a fit: the votes of the most alike rows by cosine, the closer the heavier (as Wu et al.
    2018). Takes the same features and refuses the same as `linear_probe`."""
    from sklearn.neighbors import KNeighborsClassifier

    count = min(neighbours, len(fitted.labels))
    return _judged(KNeighborsClassifier(count, metric="cosine", weights="distance"), fitted, judged)


def _judged(classifier: Any, fitted: Labelled, judged: Labelled) -> Probe:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    classes = np.unique(fitted.labels)
    if len(classes) < 2 or not len(judged.labels):
        raise Refusal(
            f"a probe tells two classes or more apart, and is judged on other rows: the {len(fitted.labels)} rows to "
            f"fit have {counted(len(classes), 'class', 'classes')}, and {len(judged.labels)} are to be judged. Take "
            "more rows, or other folds."
        )
    # float16 squares beyond its range.
    learned = make_pipeline(StandardScaler(), classifier).fit(fitted.features.astype(np.float32), fitted.labels)
    return Probe(judged.labels, learned.predict(judged.features.astype(np.float32)).astype(np.int64))
