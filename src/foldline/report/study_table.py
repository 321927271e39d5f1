"""What a study's trainings say: a long table of their epochs, and what each cell gains against another.

Cells are compared on the same folds and seeds, pair by pair: what a fold has of its own (its rows) cancels.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from foldline.ensembling.intervals import Interval, mean_interval, standard_error
from foldline.experiment.axes import Settings
from foldline.experiment.study import BASE, cell_title

NO_COUNTERPART = "nothing to compare with"
OTHER_LOSS = "measured by another loss"


class Fit(NamedTuple):
    """One training, by what its kept weights measure on its validation rows."""

    fold: int
    seed: int
    validation_loss: float
    validation_accuracy: float
    """NaN for a target without classes."""


@dataclass(frozen=True)
class Trained:
    """A cell, and its trainings that are done."""

    settings: Settings
    fits: Sequence[Fit]
    history: pd.DataFrame
    """`fold, seed`, and the columns of history.csv."""
    wanted: int = 0
    """Of how many trainings these are."""
    reference: int | None = None
    """The place, among a study's cells, of the one that it is compared with: its own, if it is such a one; None where
    that one is not there."""
    ruled_out: str | None = None
    """Why it was trained no further, where it was not."""
    measure: str = ""
    """The loss that its validation measures."""

    @property
    def title(self) -> str:
        return cell_title(self.settings)

    @property
    def loss(self) -> float:
        return _mean([fit.validation_loss for fit in self.fits])

    @property
    def accuracy(self) -> float:
        return _mean([fit.validation_accuracy for fit in self.fits])

    @property
    def by_pair(self) -> dict[tuple[int, int], Fit]:
        """By fold and seed."""
        return {(fit.fold, fit.seed): fit for fit in self.fits}


class Gain(NamedTuple):
    """By how much one cell is better than another, over the trainings that both have."""

    mean: float
    standard_error: float
    interval: Interval


@dataclass(frozen=True)
class CellGain:
    pairs: int
    """Trainings that both have."""
    loss: Gain
    """How much lower the validation loss is; NaN where two losses were measured."""
    accuracy: Gain
    """How much higher the accuracy is; NaN for a target without classes."""

    @property
    def verdict(self) -> str:
        """By the loss."""
        if self.pairs < 2:
            return "needs at least 2 folds or seeds" if self.pairs else NO_COUNTERPART
        if math.isnan(self.loss.mean):
            return OTHER_LOSS
        if not self.loss.interval.excludes_zero:
            return "not yet real"
        return "better" if self.loss.mean > 0 else "worse"


def cell_gain(cell: Trained, reference: Trained) -> CellGain:
    its, own = reference.by_pair, cell.by_pair
    pairs = [(its[pair], own[pair]) for pair in sorted(its.keys() & own.keys())]
    is_comparable = cell.measure == reference.measure
    return CellGain(
        len(pairs),
        _gain([one.validation_loss - other.validation_loss if is_comparable else math.nan for one, other in pairs]),
        _gain([other.validation_accuracy - one.validation_accuracy for one, other in pairs]),
    )


def gain_at(cells: Sequence[Trained], at: int) -> CellGain | None:
    """What the cell at this place gains; None for one that others are compared with, and where that one is missing."""
    reference = cells[at].reference
    return None if reference is None or reference == at else cell_gain(cells[at], cells[reference])


def _gain(gains: Sequence[float]) -> Gain:
    return Gain(_mean(gains), standard_error(gains), mean_interval(gains))


def gains_table(cells: Sequence[Trained]) -> pd.DataFrame:
    """A row per cell: `cell`, a column per axis, how many of its trainings are done, its means, and what it gains
    against `compared_with`, with the ends of the 95 % intervals."""
    rows = []
    for at, cell in enumerate(cells):
        row = {"cell": cell.title, **_axes(cell), "done": len(cell.fits), "wanted": cell.wanted}
        row |= {"validation_loss": cell.loss, "accuracy": cell.accuracy}
        gain = gain_at(cells, at)
        if gain is not None and cell.reference is not None:
            row |= {"compared_with": cells[cell.reference].title, "pairs": gain.pairs, "verdict": gain.verdict}
            for name, of in {"loss": gain.loss, "accuracy": gain.accuracy}.items():
                row |= {f"{name}_gain": of.mean, f"{name}_low": of.interval.low, f"{name}_high": of.interval.high}
        rows.append(row)
    return pd.DataFrame(rows)


class BestCell(NamedTuple):
    title: str
    """The cell of the lowest loss over all folds."""
    seen: float
    """Its gain against the base on the folds that it was chosen on: the luckiest of many looks better than it is."""
    honest: float
    """The gain on each fold of the cell that is best on the others; NaN for a single fold."""


def best_cell(cells: Sequence[Trained]) -> BestCell | None:
    """Of the cells that have all trainings that the base, the first, has, by the same loss; None where no other has."""
    base, *others = cells
    pairs = sorted(base.by_pair)
    complete = [base, *(one for one in others if sorted(one.by_pair) == pairs and one.measure == base.measure)]
    if len(complete) < 2:
        return None
    losses = np.array([[cell.by_pair[pair].validation_loss for pair in pairs] for cell in complete])
    folds = np.array([fold for fold, _ in pairs])
    best = int(losses.mean(axis=1).argmin())
    held_out, every = [], np.unique(folds)
    for fold in every if len(every) > 1 else ():
        chosen = int(losses[:, folds != fold].mean(axis=1).argmin())
        held_out += list(losses[0, folds == fold] - losses[chosen, folds == fold])
    return BestCell(complete[best].title, float((losses[0] - losses[best]).mean()), _mean(held_out))


def long_table(cells: Sequence[Trained]) -> pd.DataFrame:
    """A row per cell, fold, seed and epoch: `cell`, a column per axis, then those of the histories."""
    parts = (pd.DataFrame({"cell": cell.title, **_axes(cell)}, cell.history.index).join(cell.history) for cell in cells)
    return pd.concat(parts, ignore_index=True)


def _axes(cell: Trained) -> dict[str, str]:
    return {axis: "" if value == BASE else value for axis, value in cell.settings.items()}


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")
