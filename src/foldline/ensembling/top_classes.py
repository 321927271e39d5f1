"""Means of compact predictions (files/compact.py), of which a row stores its highest classes and an even share of the
rest: no array is as wide as there are classes.

Nothing else is computed on them: what weighs every class (stacking, a temperature, bounds) would have to know of
each how many it stands for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64

from foldline.files.compact import IN_MEMORY, KEPT, MOST_DENSE_CLASSES, CompactArray, Scale, compact_array, highest

LEAST = float(np.finfo(np.float32).tiny)
"""Stands for a probability of zero, which has no logarithm."""
TOP_CLASSES_ALONE = f"with more than {MOST_DENSE_CLASSES:,} classes only the {KEPT} highest of a row are stored"


@dataclass(frozen=True)
class Union:
    """Of each row, the classes that any array keeps; one that repeats has its value in the first of its positions."""

    classes: Int64[np.ndarray, "rows positions"]
    values: Float64[np.ndarray, "rows positions"]
    is_first: np.ndarray
    others: Float64[np.ndarray, " rows"]
    """The value of each class that no array keeps."""
    total: int
    """How many classes there are."""

    @property
    def others_count(self) -> Int64[np.ndarray, " rows"]:
        return self.total - self.is_first.sum(axis=1)

    def normalised(self) -> "Union":
        """Of logarithms, up to what all share: the distribution."""
        most = np.maximum(self.values.max(axis=1, initial=-np.inf, where=self.is_first), self.others)
        values = np.where(self.is_first, np.exp(self.values - most[:, None]), 0)
        others = np.exp(self.others - most)
        sums = values.sum(axis=1) + others * self.others_count
        return Union(self.classes, values / sums[:, None], self.is_first, others / sums, self.total)

    def compact(self) -> CompactArray:
        """Of probabilities: the highest stay, the others share evenly what is left."""
        values = np.where(self.is_first, self.values, -np.inf)
        kept = highest(values)
        left = np.where(self.is_first, self.values, 0)
        np.put_along_axis(left, kept, 0, axis=1)
        others = (left.sum(axis=1) + self.others * self.others_count) / (self.total - KEPT)
        return _compact(
            np.take_along_axis(self.values, kept, axis=1),
            np.take_along_axis(self.classes, kept, axis=1),
            others,
            self.total,
            "probabilities",
        )


def mean_of_top(arrays: Sequence[np.ndarray], weights: Float64[np.ndarray, " arrays"] | None = None) -> CompactArray:
    """Of compact probabilities; weights, together 1: all equal where None."""
    return _union(arrays, weights).compact()


def mean_of_logs(arrays: Sequence[np.ndarray], weights: Float64[np.ndarray, " arrays"] | None = None) -> CompactArray:
    """The distribution of compact logits' mean, which is a geometric mean."""
    return _union(arrays, weights).normalised().compact()


def probabilities_of(logits: np.ndarray) -> CompactArray:
    """Of compact logits, each by itself."""
    assert isinstance(logits, CompactArray)
    records, total = logits.records, logits.shape[-1]
    kept, others = np.exp(records["kept"].astype(np.float64)), np.exp(records["others"].astype(np.float64))
    sums = kept.sum(axis=-1) + others * (total - KEPT)
    return _compact(kept / sums[..., None], records["classes"], others / sums, total, "probabilities")


def log_of(probabilities: CompactArray) -> CompactArray:
    found = probabilities.records
    kept, others = (np.log(np.maximum(found[name], LEAST)) for name in ("kept", "others"))
    return _compact(kept, found["classes"], others, probabilities.shape[-1], "logits")


def _compact(kept: np.ndarray, classes: np.ndarray, others: np.ndarray, total: int, scale: Scale) -> CompactArray:
    records = np.empty(others.shape, IN_MEMORY)
    records["kept"], records["classes"], records["others"] = kept, classes, others
    return compact_array(records, total, scale)


def _union(arrays: Sequence[np.ndarray], weights: Float64[np.ndarray, " arrays"] | None) -> Union:
    """The weighted mean of what the arrays say of each class.

    A class has the mean of all `others`, and of each array that keeps it what that one says beyond its own.
    """
    fractions = np.full(len(arrays), 1 / len(arrays)) if weights is None else weights
    records = [one.records for one in arrays if isinstance(one, CompactArray)]
    others = [one["others"].astype(np.float64) for one in records]
    beyond = [part * (one["kept"] - rest[:, None]) for part, one, rest in zip(fractions, records, others, strict=True)]
    classes = np.concatenate([one["classes"].astype(np.int64) for one in records], axis=1)
    order = np.argsort(classes, axis=1, kind="stable")
    classes = np.take_along_axis(classes, order, axis=1)
    is_first = np.ones(classes.shape, bool)
    is_first[:, 1:] = classes[:, 1:] != classes[:, :-1]
    first = np.maximum.accumulate(np.where(is_first, np.arange(classes.shape[1]), 0), axis=1)
    of_others = np.einsum("a,ar->r", fractions, np.stack(others))
    values = np.zeros(classes.shape)
    np.add.at(values, (np.arange(len(classes))[:, None], first), np.take_along_axis(np.hstack(beyond), order, axis=1))
    return Union(classes, values + of_others[:, None], is_first, of_others, arrays[0].shape[-1])
