"""The models whose predictions become one, with all their rows, in blocks so that little of them is in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from jaxtyping import Float, Int64

from foldline.card.activations import Activation, Identity
from foldline.card.description import read_classes
from foldline.card.target import Target
from foldline.ensembling.forms import Form, form_of
from foldline.ensembling.row_sources import Positions, Source
from foldline.ensembling.scales import Inputs, Scale
from foldline.ensembling.view_averages import Reading, ranks_of_logits
from foldline.files.arrays import gather
from foldline.files.compact import CompactArray, array_at
from foldline.files.places import ALL_ROWS, FoldName, Places
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import positions_of, read_rows, read_targets
from foldline.folds.folds_table import read_folds
from foldline.predicting.logits import Logits, read_logits
from foldline.predicting.predicted_rows import ExpectedRows, expected_rows, positions_in


@dataclass(frozen=True)
class Member:
    """The model of one fold and seed: its logits (memory-mapped), and where in them the expected rows lie."""

    name: str
    fold: FoldName
    activation: Activation
    validation: Float[np.ndarray, "validation_rows views outputs"]
    test: Float[np.ndarray, "test_rows views outputs"]
    validation_positions: Int64[np.ndarray, " validation_rows"]
    test_positions: Int64[np.ndarray, " test_rows"]

    def ranked(self, scale: Scale) -> "Member":
        """With its ranks, on the scale, instead of its logits, view by view: among its validation rows, which are
        those of its fold, and among all test rows. A rank takes all rows at once: they are in memory."""
        validation, test = (
            scale.from_ranks(ranks_of_logits(_finite(logits, np.arange(len(logits)), self.name), self.activation))
            for logits in (self.validation, self.test)
        )
        return replace(self, activation=Identity(kind="identity"), validation=validation, test=test)


def member(fold: FoldName, logits: Logits, rows: ExpectedRows, classes: tuple[str, ...], name: str) -> Member:
    """Raises Refusal unless the fold's model predicted exactly its rows and the test rows, and these classes.

    `name` is for messages. A model that trained on all rows has no validation rows, and joins for the test rows alone.
    """
    refuse_other_classes(logits.classes, classes, name)
    expected = [rows.out_of_fold_ids[row] for row in rows.in_fold(fold)] if isinstance(fold, int) else []
    return Member(
        name=name,
        fold=fold,
        activation=logits.activation,
        validation=logits.validation,
        test=logits.test,
        validation_positions=positions_in(expected, logits.validation_ids, f"{name}, validation"),
        test_positions=positions_in(rows.test_ids, logits.test_ids, f"{name}, test"),
    )


def refuse_other_classes(found: tuple[str, ...], classes: tuple[str, ...], name: str) -> None:
    """`name`: of what was predicted for the classes `found`."""
    if found == classes:
        return
    differing = [at for at, (there, here) in enumerate(zip(found, classes, strict=False)) if there != here]
    where = "the shorter list is how the longer one begins"
    if differing:
        where = f"output {differing[0]} is {found[differing[0]]!r} there, {classes[differing[0]]!r} here"
    raise Refusal(
        f"{name} was predicted for other classes, or in another order: {len(found)} there, {len(classes)} here; "
        f"{where}. It is of another `prepare`: train and predict it again, `dvc repro`."
    )


def _finite(logits: np.ndarray, positions: Positions, name: str) -> np.ndarray:
    """The logits of the rows at `positions`. Raises Refusal when they hold NaN or infinities."""
    rows = gather(logits, positions)
    numbers = [rows.records[name] for name in ("kept", "others")] if isinstance(rows, CompactArray) else [rows]
    good = np.all([np.isfinite(one).all(axis=tuple(range(1, one.ndim))) for one in numbers], axis=0)
    if not good.all():
        raise Refusal(
            f"{name}: the logits hold NaN or infinities, first in row {positions[np.argmin(good)]} of its predictions. "
            "Its training diverged: lower the rate, or train it again."
        )
    return rows


@dataclass(frozen=True)
class ModelRows(Source):
    """What the models of one run predict: out-of-fold rows by those of their fold, each test row by all."""

    groups: dict[FoldName, list[Member]]
    """Each fold's members, as many of each."""
    reading: Reading

    @property
    def arrays(self) -> Sequence[np.ndarray]:
        group = next(iter(self.groups.values()))
        return [array_at(one.test, 0) for one in group for _ in range(self.reading.arrays_per_member)]

    def out_of_fold(self, fold: int, rows: Positions) -> Inputs:
        positions = np.searchsorted(np.flatnonzero(self.folds == fold), rows)
        return self._read([(one, one.validation, one.validation_positions[positions]) for one in self.groups[fold]])

    def test(self, rows: Positions) -> list[Inputs]:
        groups = self.groups.values()
        return [self._read([(one, one.test, one.test_positions[rows]) for one in group]) for group in groups]

    def _read(self, sources: Sequence[tuple[Member, np.ndarray, Positions]]) -> Inputs:
        each = [self.reading.read(_finite(logits, at, one.name), one.activation) for one, logits, at in sources]
        return tuple(array for arrays in each for array in arrays)


@dataclass(frozen=True)
class Predicted:
    """What the models of some folds and seeds predicted, under the same views."""

    members: list[Member]
    """One per fold and seed: of each fold all seeds, of those that trained on all rows last."""
    names: tuple[str, ...]
    """Of a fold's members, in their order."""
    views: tuple[str, ...]
    activation: Activation
    rows: ExpectedRows
    targets: np.ndarray
    """Of the out-of-fold rows, as a grader sees them."""
    classes: tuple[str, ...]

    @property
    def form(self) -> Form:
        return form_of(self.activation)

    @property
    def width(self) -> int:
        """How many numbers a row's prediction has."""
        return self.form.width(len(self.classes))

    def read_by(self, reading: Reading, with_ranks: bool = False) -> ModelRows:
        """with_ranks: each fold's members and then their ranks."""
        groups: dict[FoldName, list[Member]] = {}
        for one in self.members:
            groups.setdefault(one.fold, []).append(one)
        if reading.average.of_ranks or with_ranks:
            for fold, group in groups.items():
                of_ranks = [one.ranked(reading.scale) for one in group]
                groups[fold] = [*group, *of_ranks] if with_ranks else of_ranks
        return ModelRows(self.targets, self.rows.folds, self.rows.clusters, groups, reading)


def read_predicted(places: Places, folds: Sequence[FoldName], seeds: Sequence[int], target: Target) -> Predicted:
    """Of these folds and seeds; reads no logits yet. Raises Refusal unless every row is predicted exactly once, by
    models of the same classes under the same views."""
    rows, classes = read_rows(places.rows), read_classes(places.classes)
    expected = expected_rows(rows, read_folds(places.folds), [fold for fold in folds if isinstance(fold, int)])
    models = models_of(folds, seeds)
    logits = [read_logits(places.predicted(*model)) for model in models]
    targets = read_targets(places.targets, rows, classes)[positions_of(rows, expected.out_of_fold_ids)]
    return Predicted(
        [
            member(fold, one, expected, classes, f"fold {fold}, seed {seed}")
            for (fold, seed), one in zip(models, logits, strict=True)
        ],
        tuple(f"seed {seed}" for seed in sorted(seeds)),
        common_views(logits),
        logits[0].activation,
        expected,
        target.graded(targets, expected.folds, classes),
        classes,
    )


def models_of(folds: Sequence[FoldName], seeds: Sequence[int]) -> list[tuple[FoldName, int]]:
    """Fold and seed of each, those that trained on all rows last."""
    every = [*sorted(fold for fold in folds if isinstance(fold, int)), *(kind for kind in ALL_ROWS if kind in folds)]
    return list(product(every, sorted(seeds)))


def common_views(logits: Sequence[Logits]) -> tuple[str, ...]:
    """Raises Refusal unless all models predicted under the same views."""
    views = logits[0].views
    other = next((one.views for one in logits if one.views != views), None)
    if other is not None:
        raise Refusal(
            f"The folds were predicted under other views: {listed(views)} the first, {listed(other)} a later one. "
            "Predict them again: `dvc repro`."
        )
    return views
