"""Rows to fit steps on and to apply them to, in blocks that fit into memory."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from foldline.ensembling.chain import FitData, NestedChain, fit_nested
from foldline.ensembling.scales import Inputs
from foldline.ensembling.steps import Folds, Step, by_fold
from foldline.files.arrays import gather, row_blocks
from foldline.files.compact import numbers_per_row
from foldline.files.progress import progress

Positions = Int64[np.ndarray, " rows"]
MOST_ROWS = 20_000


MOST_BYTES = 1 << 28
"""Of rows to fit on, and what they take in memory: a handful of numbers is fitted as well on these as on all."""


@dataclass(frozen=True)
class Source:
    """The arrays that the first step takes of each row. Models that did not train on a row predict it out of fold."""

    targets: np.ndarray
    """Of the out-of-fold rows, as a grader sees them; so are folds and clusters."""
    folds: Folds
    clusters: Int64[np.ndarray, " rows"]

    @property
    def arrays(self) -> Sequence[np.ndarray]:
        """Of test rows, one like each that the first step takes."""
        raise NotImplementedError

    def out_of_fold(self, fold: int, rows: Positions) -> Inputs:
        """Of some rows of a fold, given by their positions among all out-of-fold rows."""
        raise NotImplementedError

    def test(self, rows: Positions) -> list[Inputs]:
        """By each fold's models; of finished predictions there is one array of each."""
        raise NotImplementedError


@dataclass(frozen=True)
class Stored:
    """One part's rows of a finished run, wherever they lie in it."""

    values: Float32[np.ndarray, "stored outputs"]
    positions: Positions | None = None
    """None where they lie in order."""

    def at(self, rows: Positions) -> np.ndarray:
        return gather(self.values, rows if self.positions is None else self.positions[rows])


@dataclass(frozen=True)
class StoredRows(Source):
    """Finished predictions, of one run or several."""

    of_folds: tuple[Stored, ...]
    of_test: tuple[Stored, ...]

    @property
    def arrays(self) -> Sequence[np.ndarray]:
        return [one.values for one in self.of_test]

    def out_of_fold(self, fold: int, rows: Positions) -> Inputs:
        return tuple(one.at(rows) for one in self.of_folds)

    def test(self, rows: Positions) -> list[Inputs]:
        return [tuple(one.at(rows) for one in self.of_test)]


def fitting_rows(rows: int, numbers_per_row: int) -> Int64[np.ndarray, " chosen"]:
    """Rising positions of the rows that steps are fitted on: all, or as many as MOST_ROWS and MOST_BYTES allow.

    numbers_per_row: of all inputs together. The same rows whatever the machine.
    """
    most = min(MOST_ROWS, max(1, MOST_BYTES // (4 * numbers_per_row)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


def fit_data(source: Source) -> FitData:
    rows = fitting_rows(len(source.folds), sum(map(numbers_per_row, source.arrays)))
    folds = source.folds[rows]
    inputs = by_fold(folds, lambda fold, mine: source.out_of_fold(fold, rows[mine]))
    return FitData(inputs, source.targets[rows], folds, source.clusters[rows])


def fit_steps(steps: Sequence[Step], source: Source, what: str) -> NestedChain:
    """Fitted on out-of-fold rows: for test rows on all, for each fold's rows on those of the others."""
    data = fit_data(source) if steps else FitData((), source.targets, source.folds, source.clusters)
    return fit_nested(steps, data, what)


def cross_fitted(source: Source, chain: NestedChain, what: str) -> Iterator[tuple[slice, Inputs]]:
    """Blocks of out-of-fold rows, each row through the chain that was fitted without its fold."""

    def of_block(block: slice) -> Inputs:
        return chain.cross_fitted(source.folds[block], lambda fold, rows: source.out_of_fold(fold, rows + block.start))

    for block in _blocks(source, len(source.folds), f"{what} out-of-fold rows"):
        yield block, of_block(block)


def fitted(source: Source, chain: NestedChain, what: str) -> Iterator[tuple[slice, list[Inputs]]]:
    """Blocks of test rows, by each fold's models, through the chain that was fitted on all rows."""
    for block in _blocks(source, len(source.arrays[0]), f"{what} test rows"):
        yield block, [chain.whole.apply(inputs) for inputs in source.test(np.arange(block.start, block.stop))]


def _blocks(source: Source, rows: int, what: str) -> Iterable[slice]:
    return progress(list(row_blocks((rows, numbers_per_row(source.arrays[0])))), desc=what, unit="block")
