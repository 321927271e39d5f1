"""A folder of final predictions (`ensemble`, `clip`): `out_of_fold.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
from jaxtyping import Integer

from foldline.ensembling.forms import Form
from foldline.files.arrays import create_array, open_array, row_blocks
from foldline.files.compact import numbers_per_row, take_columns
from foldline.files.refusal import Refusal, listed
from foldline.files.truths import CURE, require_types
from foldline.params.section import Names
from foldline.predicting.logits import Axes, open_arrays, read_ids

PARTS: tuple[str, str] = ("out_of_fold", "test")
SUM_TOLERANCE = 1e-5
"""The graders' own: dog-breed-identification refuses sums further from one."""


class PredictionAxes(Axes):
    classes: Names
    form: Form
    scale: ClassVar = "probabilities"
    in_words: ClassVar = "rows of ids.parquet, classes and form of classes.json"

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.form.width(len(self.classes)),)

    @property
    def can_be_compact(self) -> bool:
        return self.form.is_one_distribution


@dataclass(frozen=True)
class Predictions:
    """Predictions (rows x outputs, float32, memory-mapped when read) and what their axes mean."""

    out_of_fold: np.ndarray
    test: np.ndarray
    out_of_fold_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    folds: Integer[np.ndarray, " out_of_fold_rows"]
    """The fold of each out-of-fold row."""
    classes: tuple[str, ...]
    form: Form
    """What a row's numbers are."""


def create_predictions(
    folder: Path,
    out_of_fold_ids: Sequence[str],
    test_ids: Sequence[str],
    folds: Integer[np.ndarray, " out_of_fold_rows"],
    classes: Sequence[str],
    form: Form,
) -> Predictions:
    """Zeros to be filled in place."""
    fold = np.concatenate([folds, np.full(len(test_ids), -1)]).astype("int32")
    ids = dict(zip(PARTS, (out_of_fold_ids, test_ids), strict=True))
    PredictionAxes(classes=tuple(classes), form=form).create(folder, ids, fold=fold)
    return open_predictions(folder, writable=True)


def create_scores(folder: Path, predictions: Predictions, has_scores: bool) -> Predictions:
    """What the predictions of `ensemble` stand for, before they were rounded to probabilities: near 1 there is more to
    tell than float32 can. Those of numbers and of very many classes have no columns (scales.py)."""
    width = predictions.test.shape[1] if has_scores else 0
    return _scores(predictions, lambda part, rows: create_array(folder / f"{part}_scores.npy", (rows, width)))


def read_scores(folder: Path, predictions: Predictions) -> Predictions:
    """Of predictions that have them. Raises Refusal when they are not there: an earlier version wrote none."""
    shape, in_words = predictions.test.shape[1:], PredictionAxes.in_words
    return _scores(predictions, lambda part, rows: open_array(folder / f"{part}_scores.npy", (rows, *shape), in_words))


def _scores(predictions: Predictions, array: Callable[[str, int], np.ndarray]) -> Predictions:
    return replace(predictions, **{part: array(part, len(getattr(predictions, part))) for part in PARTS})


def create_like(predictions: Predictions, folder: Path) -> Predictions:
    """The same rows and classes in another folder, zeros to be filled in place."""
    of = predictions
    created = create_predictions(folder, of.out_of_fold_ids, of.test_ids, of.folds, of.classes, of.form)
    return replace(of, out_of_fold=created.out_of_fold, test=created.test)  # Once in memory, a million ids are enough.


def open_predictions(folder: Path, writable: bool = False) -> Predictions:
    """Raises Refusal when a file is missing or the files do not fit each other."""
    tables = read_ids(folder, PARTS, "fold")
    require_types(tables[0], folder / "ids.parquet", whole=("fold",))
    folds = tables[0]["fold"].to_numpy(np.int64)
    axes, arrays = open_arrays(PredictionAxes, folder, dict(zip(PARTS, map(len, tables), strict=True)), writable)
    ids = [tuple(table["row_id"].tolist()) for table in tables]
    return Predictions(arrays[0], arrays[1], ids[0], ids[1], folds, axes.classes, axes.form)


def read_predictions(folder: Path) -> Predictions:
    """Raises Refusal as `open_predictions` does, and when a row is not of the form."""
    found = open_predictions(folder)
    _require_form(found.out_of_fold, found.form, found.out_of_fold_ids, folder / "out_of_fold.npy")
    _require_form(found.test, found.form, found.test_ids, folder / "test.npy")
    return found


def _require_form(values: np.ndarray, form: Form, ids: Sequence[str], path: Path) -> None:
    for block in row_blocks((len(values), numbers_per_row(values))):
        rows, counts = take_columns(values, block)
        good = _of_form(rows, counts, form)
        if not good.all():
            first = int(np.argmin(good))
            sums = listed(f"{one:.6g}" for one in _sums(rows[first : first + 1], counts, form)[0])
            raise Refusal(
                f"{path}: row {block.start + first} (id {ids[block.start + first]!r}) is not a {form.kind}: it "
                f"sums to {sums}, its values are {rows[first].min():.6g} .. {rows[first].max():.6g}. {CURE}"
            )


def _of_form(rows: np.ndarray, counts: np.ndarray | None, form: Form) -> np.ndarray:
    """Of each row, whether it is of the form. A comparison with NaN is false, so it is of none."""
    if not form.has_probabilities:
        return np.atleast_1d(np.isfinite(rows).all(axis=1))
    in_range: np.ndarray = (rows.min(axis=1) >= 0) & (rows.max(axis=1) <= 1 + SUM_TOLERANCE)
    if not form.adds_up:
        return in_range
    return np.asarray(in_range & np.isclose(_sums(rows, counts, form), 1, rtol=0, atol=SUM_TOLERANCE).all(axis=1))


def _sums(rows: np.ndarray, counts: np.ndarray | None, form: Form) -> np.ndarray:
    """Of each row's one distribution, or of each of several: (rows, distributions)."""
    if counts is not None:
        return (rows.astype(np.float64) @ counts)[:, None]
    starts = np.cumsum((0, *form.distributions(rows.shape[1])[:-1]))
    return np.add.reduceat(rows, starts, axis=1, dtype=np.float64)
