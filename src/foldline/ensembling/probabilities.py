"""A folder of final predictions (`ensemble`, `clip`): `out_of_fold.npy`, `test.npy`, `ids.parquet`, `classes.json`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
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
from foldline.files.arrays import create_array, open_array, put, row_blocks
from foldline.files.compact import create_values, numbers_per_row, open_values, take_columns, take_stored
from foldline.files.refusal import Refusal, listed
from foldline.files.truths import CURE, read_parquet, require_among, require_filled, require_unique
from foldline.files.whole_files import read_json, whole_folder, write_json

PARTS = ("out_of_fold", "test")
COLUMNS = ("part", "row_id", "fold")
AXES = "rows of ids.parquet, classes and form of classes.json"
AXES_KEYS = {"classes", "form"}
SUM_TOLERANCE = 1e-5
"""The graders' own: dog-breed-identification refuses sums further from one."""


@dataclass(frozen=True)
class Probabilities:
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


def create_probabilities(
    folder: Path,
    out_of_fold_ids: Sequence[str],
    test_ids: Sequence[str],
    folds: Integer[np.ndarray, " out_of_fold_rows"],
    classes: Sequence[str],
    form: Form,
) -> Probabilities:
    """Write the ids and classes into an existing folder, and zeros to be filled in place: they need no memory."""
    ids = pd.DataFrame(
        {
            "part": ["out_of_fold"] * len(out_of_fold_ids) + ["test"] * len(test_ids),
            "row_id": [*out_of_fold_ids, *test_ids],
            "fold": np.concatenate([folds, np.full(len(test_ids), -1)]).astype("int32"),
        }
    )
    require_unique(ids, folder / "ids.parquet", ("part", "row_id"))
    ids.to_parquet(folder / "ids.parquet", index=False)
    write_json(folder / "classes.json", {"classes": list(classes), "form": in_file(form)})
    width, adds_up = width_of(form, len(classes)), form == "distribution"
    return Probabilities(
        out_of_fold=create_values(folder / "out_of_fold.npy", (len(out_of_fold_ids), width), "probabilities", adds_up),
        test=create_values(folder / "test.npy", (len(test_ids), width), "probabilities", adds_up),
        out_of_fold_ids=tuple(out_of_fold_ids),
        test_ids=tuple(test_ids),
        folds=folds,
        classes=tuple(classes),
        form=form,
    )


@dataclass(frozen=True)
class StoredScores:
    """What the predictions of `ensemble` stand for, before they were rounded to probabilities: near 1 there is more to
    tell than float32 can. Those of numbers and of very many classes have no columns (scales.py)."""

    out_of_fold: Float32[np.ndarray, "out_of_fold_rows scores"]
    test: Float32[np.ndarray, "test_rows scores"]


def create_scores(folder: Path, predictions: Probabilities, has_scores: bool) -> StoredScores:
    width = predictions.test.shape[1] if has_scores else 0
    return StoredScores(
        *(create_array(folder / f"{part}_scores.npy", (len(getattr(predictions, part)), width)) for part in PARTS)
    )


def read_scores(folder: Path, predictions: Probabilities) -> StoredScores:
    """Of predictions that have them. Raises Refusal when they are not there: an earlier version wrote none."""
    shapes = {part: getattr(predictions, part).shape for part in PARTS}
    return StoredScores(*(open_array(folder / f"{part}_scores.npy", shape, AXES) for part, shape in shapes.items()))


def create_like(probabilities: Probabilities, folder: Path) -> Probabilities:
    """The same rows and classes in another folder, zeros to be filled in place."""
    return create_probabilities(
        folder,
        probabilities.out_of_fold_ids,
        probabilities.test_ids,
        probabilities.folds,
        probabilities.classes,
        probabilities.form,
    )


def write_probabilities(folder: Path, probabilities: Probabilities) -> None:
    with whole_folder(folder) as partial:
        written = create_like(probabilities, partial)
        for part in PARTS:
            source, target = getattr(probabilities, part), getattr(written, part)
            if source.shape != target.shape:
                raise ValueError(f"{part} is of shape {source.shape}, its axes are {target.shape}")
            for block in row_blocks(target.shape):
                put(target, block, take_stored(source, block))


def read_probabilities(folder: Path) -> Probabilities:
    """Raises Refusal when a file is missing, the files do not fit each other, or a row is not of the form."""
    path = folder / "ids.parquet"
    ids = read_parquet(path, COLUMNS)
    require_filled(ids, path, COLUMNS)
    require_unique(ids, path, ("part", "row_id"))
    require_among(ids, path, "part", PARTS)
    classes, form = _read_axes(folder / "classes.json")
    width, adds_up = width_of(form, len(classes)), form == "distribution"
    out_of_fold, tests = (ids[ids["part"] == part] for part in PARTS)

    def opened(name: str, rows: int) -> np.ndarray:
        return open_values(folder / name, (rows, width), "probabilities", adds_up, AXES)

    probabilities = Probabilities(
        out_of_fold=opened("out_of_fold.npy", len(out_of_fold)),
        test=opened("test.npy", len(tests)),
        out_of_fold_ids=tuple(out_of_fold["row_id"]),
        test_ids=tuple(tests["row_id"]),
        folds=out_of_fold["fold"].to_numpy(np.int64),
        classes=classes,
        form=form,
    )
    _require_form(probabilities.out_of_fold, form, probabilities.out_of_fold_ids, folder / "out_of_fold.npy")
    _require_form(probabilities.test, form, probabilities.test_ids, folder / "test.npy")
    return probabilities


def _read_axes(path: Path) -> tuple[tuple[str, ...], Form]:
    axes = read_json(path)
    form = form_in(axes["form"], len(axes["classes"])) if isinstance(axes, dict) and set(axes) == AXES_KEYS else None
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
                f"{path}: row {block.start + first} (id {ids[block.start + first]!r}) is no {name_of(form)}: it sums "
                f"to {sums}, its values are {rows[first].min():.6g} .. {rows[first].max():.6g}. {CURE}"
            )


def _of_form(rows: np.ndarray, counts: np.ndarray | None, form: Form) -> np.ndarray:
    """Of each row, whether it is of the form. A comparison with NaN is false, so it is of none."""
    if not holds_probabilities(form):
        return np.atleast_1d(np.isfinite(rows).all(axis=1))
    shares: np.ndarray = (rows.min(axis=1) >= 0) & (rows.max(axis=1) <= 1 + SUM_TOLERANCE)
    if form == "independent":
        return shares
    return np.asarray(shares & np.isclose(_sums(rows, counts, form), 1, rtol=0, atol=SUM_TOLERANCE).all(axis=1))


def _sums(rows: np.ndarray, counts: np.ndarray | None, form: Form) -> np.ndarray:
    """Of each row's one distribution, or of each of several: (rows, distributions)."""
    if isinstance(form, ColumnDistributions):
        starts = np.cumsum((0, *form.sizes[:-1]))
        return np.add.reduceat(rows, starts, axis=1, dtype=np.float64)
    return (rows.sum(axis=1, dtype=np.float64) if counts is None else rows.astype(np.float64) @ counts)[:, None]
