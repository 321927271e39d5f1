"""The folds' logits become one set of probabilities: each out-of-fold row from the model that did not train on it,
each test row from the mean of all models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Int64
from scipy.special import softmax
from tqdm import tqdm

from foldline.predictions.coverage import Roster, place
from foldline.refusal import Refusal
from foldline.tables.arrays import put, row_blocks, take
from foldline.tables.logits import Logits

Average = Literal["probabilities", "logits"]
Scale = Callable[[np.ndarray], np.ndarray]


def _class_probabilities(logits: Float[np.ndarray, "*axes classes"]) -> Float[np.ndarray, "*axes classes"]:
    return softmax(logits, axis=-1)


def _unchanged(values: np.ndarray) -> np.ndarray:
    return values


# From logits to what is averaged, and from the mean to probabilities.
SCALES: Mapping[str, tuple[Scale, Scale]] = {
    "probabilities": (_class_probabilities, _unchanged),
    "logits": (_unchanged, _class_probabilities),
}


@dataclass(frozen=True)
class Member:
    """One fold's model: its logits (memory-mapped), and where in them the roster's rows lie."""

    fold: int
    validation: Float32[np.ndarray, "validation_rows views outputs"]
    test: Float32[np.ndarray, "test_rows views outputs"]
    validation_places: Int64[np.ndarray, " validation_rows"]
    test_places: Int64[np.ndarray, " test_rows"]

    @property
    def name(self) -> str:
        return f"fold {self.fold}"


def member(fold: int, logits: Logits, roster: Roster, classes: tuple[str, ...]) -> Member:
    """Raises Refusal unless the fold's model predicted exactly its rows and the test rows, and these classes."""
    _refuse_other_classes(logits.classes, classes, f"fold {fold}")
    expected = [roster.out_of_fold_ids[row] for row in roster.in_fold(fold)]
    return Member(
        fold=fold,
        validation=logits.validation,
        test=logits.test,
        validation_places=place(expected, logits.validation_ids, f"fold {fold}, validation"),
        test_places=place(roster.test_ids, logits.test_ids, f"fold {fold}, test"),
    )


def _refuse_other_classes(found: tuple[str, ...], classes: tuple[str, ...], name: str) -> None:
    if found == classes:
        return
    differing = [at for at, pair in enumerate(zip(found, classes, strict=False)) if pair[0] != pair[1]]
    where = (
        f"output {differing[0]} is {found[differing[0]]!r} there, {classes[differing[0]]!r} here"
        if differing
        else ("the shorter list is the longer one's beginning")
    )
    raise Refusal(
        f"{name} was predicted for other classes, or in another order: {len(found)} there, {len(classes)} in "
        f"classes.json, {where}. Train and predict it again: `dvc repro`."
    )


def fill_out_of_fold(
    probabilities: Float32[np.ndarray, "rows outputs"], members: Sequence[Member], roster: Roster, average: Average
) -> None:
    """Write each out-of-fold row's mean over views, in row blocks."""
    to_scale, from_scale = SCALES[average]
    places = np.empty(len(roster.folds), np.int64)
    for one in members:
        places[roster.in_fold(one.fold)] = one.validation_places
    for block in _blocks(members, len(places), "out-of-fold rows"):
        folds, found = roster.folds[block], places[block]
        rows = np.empty((len(found), probabilities.shape[1]))
        for one in members:
            of_fold = folds == one.fold
            logits = _finite(one.validation, found[of_fold], one.name)
            rows[of_fold] = from_scale(to_scale(logits).mean(axis=1, dtype=np.float64))
        put(probabilities, block, rows.astype(np.float32))


def fill_test(probabilities: Float32[np.ndarray, "rows outputs"], members: Sequence[Member], average: Average) -> None:
    """Write each test row's mean over views and members, in row blocks."""
    to_scale, from_scale = SCALES[average]
    for block in _blocks(members, len(probabilities), "test rows"):
        total = np.zeros(probabilities[block].shape)
        for one in members:
            logits = _finite(one.test, one.test_places[block], one.name)
            total += to_scale(logits).mean(axis=1, dtype=np.float64)
        put(probabilities, block, from_scale(total / len(members)).astype(np.float32))


def _blocks(members: Sequence[Member], rows: int, what: str) -> "tqdm[slice]":
    return tqdm(list(row_blocks((rows, *members[0].test.shape[1:]))), desc=what, unit="block")


def _finite(logits: np.ndarray, places: np.ndarray, name: str) -> np.ndarray:
    """The logits of the rows at `places`. Raises Refusal when they hold NaN or infinities."""
    rows = take(logits, places)
    good = np.isfinite(rows).all(axis=(1, 2))
    if not good.all():
        raise Refusal(
            f"{name}: the logits hold NaN or infinities, first in row {places[np.argmin(good)]} of its predictions. "
            "Its training diverged: lower the rate, or train it again."
        )
    return rows
