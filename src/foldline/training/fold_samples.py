"""The images of one fold with their targets and their rows' features: what it learns from, and what it is judged on.

Features are encoded by what the fold's training rows say, which is a part of the model's file. A number becomes its
distance from their mean in their standard deviations. A category becomes a one for its own position among theirs
(one-hot), and zeros where it is none of them. What is missing is 0, and a one in a column of its own where training
rows lack it too: elsewhere no model could know what that means.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32, Int64, Integer
from pandas.api.types import is_float_dtype
from scipy.sparse import csr_array
from torch import Tensor

from foldline.files.places import FoldName
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import TABULAR, tabular_columns
from foldline.folds.training_table import TrainingTable
from foldline.params.section import Section

FEWEST_ROWS = 2
"""To learn from: BatchNorm needs two images."""
MOST_CATEGORIES = 256
"""Of one feature, the most frequent: an id as a category would make a wide input of which nothing can be learned."""


class NumberEncoding(Section):
    column: str
    mean: float
    std: float
    """Standard deviation; 1 where all training rows have the same number."""
    marks_missing: bool

    @property
    def width(self) -> int:
        return 1 + self.marks_missing

    def encode(self, values: pd.Series) -> Float32[np.ndarray, "rows width"]:
        distances = ((values - self.mean) / self.std).fillna(0.0)
        return _with_marks(distances.to_numpy(np.float32)[:, None], values, self.marks_missing)


class CategoryEncoding(Section):
    column: str
    categories: tuple[str, ...]
    marks_missing: bool

    @property
    def width(self) -> int:
        return len(self.categories) + self.marks_missing

    def encode(self, values: pd.Series) -> Float32[np.ndarray, "rows width"]:
        positions = pd.Index(self.categories).get_indexer(pd.Index(values))
        ones = (positions[:, None] == np.arange(len(self.categories))).astype(np.float32)
        return _with_marks(ones, values, self.marks_missing)


class TabularEncoding(Section):
    """What was learned of the features from a fold's training rows."""

    numbers: tuple[NumberEncoding, ...]
    categories: tuple[CategoryEncoding, ...]

    @property
    def width(self) -> int:
        return sum(column.width for column in (*self.numbers, *self.categories))


Tabular = tuple[Float32[np.ndarray, "rows tabular"], ...]
"""What a model is told besides the images: nothing, or an encoded row of features for each."""


def fit_encoding(rows: pd.DataFrame) -> TabularEncoding | None:
    """`rows`: training rows in the form of files/rows.py. None when they have no feature."""
    columns = [rows[column] for column in tabular_columns(rows)]
    if not columns:
        return None
    return TabularEncoding(
        numbers=tuple(_fit_number(values) for values in columns if is_float_dtype(values)),
        categories=tuple(_fit_categories(values) for values in columns if not is_float_dtype(values)),
    )


def _fit_number(values: pd.Series) -> NumberEncoding:
    known = values.dropna().to_numpy(np.float64)
    # Of equal numbers, rounding may leave a deviation that is not quite 0.
    mean, std = (known.mean(), known.std()) if len(set(known)) > 1 else (known[0] if len(known) else 0.0, 1.0)
    return NumberEncoding(column=str(values.name), mean=mean, std=std, marks_missing=bool(values.isna().any()))


def _fit_categories(values: pd.Series) -> CategoryEncoding:
    counts = values.value_counts().sort_index().sort_values(ascending=False, kind="stable")
    frequent = sorted(map(str, counts.index[:MOST_CATEGORIES]))
    return CategoryEncoding(
        column=str(values.name), categories=tuple(frequent), marks_missing=bool(values.isna().any())
    )


def tabular_of(rows: pd.DataFrame, part: str, ids: Sequence[str], encoding: TabularEncoding | None) -> Tabular:
    """The features of the rows of `part` with these ids, in their order; nothing without an `encoding`.

    Raises Refusal when `rows` lacks a feature that the encoding knows.
    """
    if encoding is None:
        return ()
    columns = (*encoding.numbers, *encoding.categories)
    absent = [column.column.removeprefix(TABULAR) for column in columns if column.column not in rows]
    if absent:
        raise Refusal(
            f"the model learned from the features {listed(absent, 5)}, which rows.parquet lacks; it has "
            f"{listed((name.removeprefix(TABULAR) for name in tabular_columns(rows)), 20)}. The card's features "
            "changed since it was trained: run `dvc repro`."
        )
    its_rows = rows[rows["part"] == part].set_index("row_id").loc[list(ids)]
    return (np.concatenate([column.encode(its_rows[column.column]) for column in columns], axis=1),)


def _with_marks(
    encoded: Float32[np.ndarray, "rows positions"], values: pd.Series, marks_missing: bool
) -> Float32[np.ndarray, "rows width"]:
    marks = values.isna().to_numpy(np.float32)[:, None]
    return np.concatenate([encoded, marks], axis=1) if marks_missing else encoded


Told = tuple[Float32[Tensor, "batch classes"], Float32[Tensor, " batch"], tuple[Float32[Tensor, "batch tabular"], ...]]
"""Soft targets, weights and tabular features of a batch, on its device."""


@dataclass(frozen=True)
class Samples:
    """Each image of a row is a sample with its row's target."""

    cache_indices: Integer[np.ndarray, " samples"]
    """In the pixel cache."""
    targets: csr_array
    """float32 (samples, classes), as `soft_targets` of folds/training_table.py makes them."""
    weights: Float32[np.ndarray, " samples"]
    """What each counts in the training loss."""
    row_ids: tuple[str, ...]
    tabular: Tabular = ()
    """Their rows' features, if the model takes any."""

    def __len__(self) -> int:
        return len(self.cache_indices)

    def at(self, indices: Integer[np.ndarray, " indices"]) -> "Samples":
        """These of them, in this order."""
        row_ids = tuple(self.row_ids[index] for index in indices)
        tabular = tuple(values[indices] for values in self.tabular)
        return Samples(self.cache_indices[indices], self.targets[indices], self.weights[indices], row_ids, tabular)

    def told(self, index: Int64[Tensor, " batch"], device: torch.device) -> Told:
        """What goes with a batch of their images. index: which these are; on the CPU."""
        indices = index.numpy()
        arrays = (
            self.targets[indices].toarray(),
            self.weights[indices],
            *(values[indices] for values in self.tabular),
        )
        targets, weights, *tabular = (torch.from_numpy(array).to(device, non_blocking=True) for array in arrays)
        return targets, weights, tuple(tabular)


def split_samples(
    rows: pd.DataFrame,
    images: pd.DataFrame,
    folds: pd.DataFrame,
    graded: csr_array,
    table: TrainingTable,
    fold: FoldName,
) -> tuple[Samples, Samples]:
    """The training and the validation samples of `fold`; images that cannot be read are in neither, and so are rows
    without a readable one, which folds.csv leaves out. Of a training on all rows there are training samples only.

    `graded`: the graded targets of all train rows, soft: what is validated. `table`: what is learned, which leaves out
    the rows of `fold`. Raises Refusal when the fold has no row, or folds.csv is of other rows.
    """
    readable = images[images["error"].isna() & (rows["part"] == "train").to_numpy()[images["row"]]]
    row_ids = rows["row_id"].to_numpy()[readable["row"]]
    if set(row_ids) != set(folds["row_id"]):
        raise Refusal(
            "folds.csv does not name the train rows of rows.parquet that have a readable image. "
            "Run `dvc repro -f -s split`."
        )
    its_fold = folds.set_index("row_id")["fold"].loc[row_ids].to_numpy()
    validates = its_fold == fold if isinstance(fold, int) else np.zeros(len(its_fold), bool)
    if isinstance(fold, int) and (not validates.any() or validates.all()):
        raise Refusal(f"fold {fold} cannot be trained: folds.csv has the folds {sorted(set(its_fold.tolist()))}.")
    judged = readable[validates]
    learned = readable[~validates].merge(pd.DataFrame({"row": table.rows, "entry": range(len(table.rows))}), on="row")
    training, validation = (
        Samples(
            cache_indices=images["cache_index"].to_numpy(),
            targets=targets[of_image],
            weights=weights[of_image],
            row_ids=tuple(rows["row_id"].iloc[images["row"]]),
        )
        for images, of_image, targets, weights in (
            (learned, learned["entry"].to_numpy(), table.targets, table.weights),
            (judged, judged["row"].to_numpy(), graded, np.ones(len(rows), np.float32)),
        )
    )
    return training, validation


def labelled(samples: Samples, fraction: float, seed: Sequence[int]) -> Samples:
    """The samples of a fraction of their rows, drawn from `seed`: of each class as many, rounded, and at least one row.
    A row is of the class that its (first) target says most of. Of a larger fraction the same rows and more.

    Raises Refusal when fewer than two rows are left.
    """
    if fraction == 1:
        return samples
    row_ids = pd.Series(samples.row_ids, dtype=object)
    of_rows = pd.DataFrame({"row_id": row_ids, "class": samples.targets.argmax(axis=1)}).drop_duplicates("row_id")
    drawn = of_rows.iloc[np.random.default_rng(seed).permutation(len(of_rows))].groupby("class")["row_id"]
    counts = np.maximum(np.round(fraction * drawn.transform("size")), 1)
    kept = counts.index[drawn.cumcount() < counts]
    if len(kept) < FEWEST_ROWS:
        raise Refusal(
            f"train.label_fraction is {fraction:g}, which leaves {len(kept)} of a fold's {len(of_rows):,} training "
            "rows. Raise it."
        )
    return samples.at(np.flatnonzero(row_ids.isin(row_ids[kept])))


def fit_tabular_features(rows: pd.DataFrame, training: Samples) -> TabularEncoding | None:
    """How the features of `rows` are encoded for a model that learns from `training`; None where it has none."""
    return fit_encoding(rows[(rows["part"] == "train") & rows["row_id"].isin(training.row_ids)])


def with_tabular_features(rows: pd.DataFrame, samples: Samples, encoding: TabularEncoding | None) -> Samples:
    return replace(samples, tabular=tabular_of(rows, "train", samples.row_ids, encoding))
