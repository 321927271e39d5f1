"""What targets and answers are: the words by which metrics, targets and forms of submission fit each other, and shapes.

Labels are positions among the classes.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float, Float64, Int64, UInt8

Answer = Literal["probabilities", "column_probabilities", "numbers", "labels", "confident_labels", "sets", "rankings"]
"""probabilities: of each class. column_probabilities: of each label of each column of a target of several labels."""

Truth = Literal[
    "positive",
    "class",
    "label",
    "level",
    "each_class",
    "set",
    "labels",
    "ranking",
    "label_distribution",
    "known_numbers",
]
"""How a target's rows are graded, of which a metric takes some and a kind of target is some.

positive: whether a row is. class: its one class, of those that the predictions know; label: the same, or a new class;
level: the same, of classes in order. each_class: of each class whether the row is of it. set: of which classes it is,
any number of them. labels: one of each column of a target of several. ranking: its one class, to be found among the
first ones. label_distribution: of each class. known_numbers: those that are known of the row.
"""


NOTHING = -1
"""In a ranking: no more classes."""

FirstRule = Mapping[str, Any]
"""A rule before anything is fitted, as data: whoever names one need not know how it works."""

PREDICTIONS: frozenset[Answer] = frozenset({"probabilities", "column_probabilities"})

Labels = Int64[np.ndarray, " rows"]
LabelsOfColumns = Int64[np.ndarray, "rows columns"]
"""Among all classes, those of a column together; -1 for a missing label."""
Indicators = UInt8[np.ndarray, "rows classes"]
"""1 where a row is of the class, else 0."""
OneOrEach = Labels | Indicators
Predictions = Float[np.ndarray, "rows outputs"]
Sets = Bool[np.ndarray, "rows classes"]
Rankings = Int64[np.ndarray, "rows length"]
"""The likeliest class first, each once; NOTHING for no more."""
Counts = Int64[np.ndarray, " rows"]

OfRows = Float64[np.ndarray, " rows"]
OfClasses = Float64[np.ndarray, " classes"]
OfColumns = Float64[np.ndarray, " columns"]
Weights = OfRows
"""What each row counts. A row of a whole weight scores as so many equal rows that follow each other."""
