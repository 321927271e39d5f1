"""A folder of final predictions (`ensemble`, `clip`): `out_of_fold.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Integer

from foldline.card.activations import (
    FORMS,
    ColumnDistributions,
    Form,
    form_in,
    holds_probabilities,
    in_file,
    name_of,
    width_of,
)
from foldline.files.arrays import create_array, open_array, row_blocks
from foldline.files.compact import create_values, numbers_per_row, open_values, take_columns
from foldline.files.refusal import Refusal, listed
from foldline.files.truths import CURE, require_types
from foldline.files.whole_files import read_json, write_json
from foldline.predicting.logits import read_ids, write_ids

PARTS: tuple[str, str] = ("out_of_fold", "test")
AXES = "rows of ids.parquet, classes and form of classes.json"
AXES_KEYS = {"classes", "form"}
SUM_TOLERANCE = 1e-5
"""The graders' own: dog-breed-identification refuses sums further from one."""


@dataclass(frozen=True)
class Predictions:
    """Predictions (rows x outputs, float32, memory-mapped when read) and what their axes mean.

    Distributions over very many classes are compact (foldline/files/compact.py).
    """

    out_of_fold: np.ndarray
    test: np.ndarray
    out_of_fold_ids: tuple[str, ...]
    test_ids: tuple[str, ...]
    folds: Integer[np.ndarray, " out_of_fold_rows"]
    """The fold of each out-of-fold row."""
    classes: tuple[str, ...]
    form: Form
    """What a row's numbers are: a distribution, one for each of several columns, probabilities each by itself, or
    values."""


def create_predictions(
    folder: Path,
    out_of_fold_ids: Sequence[str],
    test_ids: Sequence[str],
    folds: Integer[np.ndarray, " out_of_fold_rows"],
    classes: Sequence[str],
    form: Form,
) -> Predictions:
    """Write the ids and classes into an existing folder, and zeros to be filled in place: they need no memory."""
    ids = dict(zip(PARTS, (out_of_fold_ids, test_ids), strict=True))
    write_ids(folder, ids, fold=np.concatenate([folds, np.full(len(test_ids), -1)]).astype("int32"))
    write_json(folder / "classes.json", {"classes": list(classes), "form": in_file(form)})
    for part in PARTS:
        shape = (len(ids[part]), width_of(form, len(classes)))
        create_values(folder / f"{part}.npy", shape, "probabilities", form == "distribution")
    return open_predictions(folder, writable=True)


@dataclass(frozen=True)
class StoredScores:
    """What the predictions of `ensemble` stand for, before they were rounded to probabilities: near 1 there is more to
    tell than float32 can. Those of numbers and of very many classes have no columns (scales.py)."""

    out_of_fold: Float32[np.ndarray, "out_of_fold_rows scores"]
    test: Float32[np.ndarray, "test_rows scores"]


def create_scores(folder: Path, predictions: Predictions, has_scores: bool) -> StoredScores:
    width = predictions.test.shape[1] if has_scores else 0
    return StoredScores(
        *(create_array(folder / f"{part}_scores.npy", (len(getattr(predictions, part)), width)) for part in PARTS)
    )


def read_scores(folder: Path, predictions: Predictions) -> StoredScores:
    """Of predictions that have them. Raises Refusal when they are not there: an earlier version wrote none."""
    shapes = {part: getattr(predictions, part).shape for part in PARTS}
    return StoredScores(*(open_array(folder / f"{part}_scores.npy", shape, AXES) for part, shape in shapes.items()))


def create_like(predictions: Predictions, folder: Path) -> Predictions:
    """The same rows and classes in another folder, zeros to be filled in place."""
    return create_predictions(
        folder,
        predictions.out_of_fold_ids,
        predictions.test_ids,
        predictions.folds,
        predictions.classes,
        predictions.form,
    )


def open_predictions(folder: Path, writable: bool = False) -> Predictions:
    """Raises Refusal when a file is missing or the files do not fit each other."""
    out_of_fold, test = read_ids(folder, PARTS, "fold")
    require_types(out_of_fold, folder / "ids.parquet", whole=("fold",))
    folds = out_of_fold["fold"].to_numpy(np.int64)
    classes, form = _read_axes(folder / "classes.json")

    def opened(part: str, rows: int) -> np.ndarray:
        shape, adds_up = (rows, width_of(form, len(classes))), form == "distribution"
        return open_values(folder / f"{part}.npy", shape, "probabilities", adds_up, AXES, writable)

    return Predictions(
        out_of_fold=opened("out_of_fold", len(out_of_fold)),
        test=opened("test", len(test)),
        out_of_fold_ids=tuple(out_of_fold["row_id"]),
        test_ids=tuple(test["row_id"]),
        folds=folds,
        classes=classes,
        form=form,
    )


def read_predictions(folder: Path) -> Predictions:
    """Raises Refusal as `open_predictions` does, and when a row is not of the form."""
    found = open_predictions(folder)
    _require_form(found.out_of_fold, found.form, found.out_of_fold_ids, folder / "out_of_fold.npy")
    _require_form(found.test, found.form, found.test_ids, folder / "test.npy")
    return found


def _read_axes(path: Path) -> tuple[tuple[str, ...], Form]:
    axes = read_json(path)
    is_whole = isinstance(axes, dict) and set(axes) == AXES_KEYS and isinstance(axes["classes"], list)
    is_whole = is_whole and all(isinstance(name, str) for name in axes["classes"])
    form = form_in(axes["form"], len(axes["classes"])) if is_whole else None
    if form is None:
        raise Refusal(
            f"{path} must hold `classes` and `form`, one of {listed(FORMS)} (this one with sizes that are as many "
            f"together as there are classes). {CURE}"
        )
    return tuple(axes["classes"]), form


def _require_form(values: np.ndarray, form: Form, ids: Sequence[str], path: Path) -> None:
    for block in row_blocks((len(values), numbers_per_row(values))):
        rows, counts = take_columns(values, block)
        good = _of_form(rows, counts, form)
        if not good.all():
            first = int(np.argmin(good))
            sums = listed(f"{one:.6g}" for one in _sums(rows[first : first + 1], counts, form)[0])
            raise Refusal(
                f"{path}: row {block.start + first} (id {ids[block.start + first]!r}) is not a {name_of(form)}: it "
                f"sums to {sums}, its values are {rows[first].min():.6g} .. {rows[first].max():.6g}. {CURE}"
            )


def _of_form(rows: np.ndarray, counts: np.ndarray | None, form: Form) -> np.ndarray:
    """Of each row, whether it is of the form. A comparison with NaN is false, so it is of none."""
    if not holds_probabilities(form):
        return np.atleast_1d(np.isfinite(rows).all(axis=1))
    in_range: np.ndarray = (rows.min(axis=1) >= 0) & (rows.max(axis=1) <= 1 + SUM_TOLERANCE)
    if form == "independent":
        return in_range
    return np.asarray(in_range & np.isclose(_sums(rows, counts, form), 1, rtol=0, atol=SUM_TOLERANCE).all(axis=1))


def _sums(rows: np.ndarray, counts: np.ndarray | None, form: Form) -> np.ndarray:
    """Of each row's one distribution, or of each of several: (rows, distributions)."""
    if isinstance(form, ColumnDistributions):
        starts = np.cumsum((0, *form.sizes[:-1]))
        return np.add.reduceat(rows, starts, axis=1, dtype=np.float64)
    return (rows.sum(axis=1, dtype=np.float64) if counts is None else rows.astype(np.float64) @ counts)[:, None]
