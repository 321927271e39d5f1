"""The models whose predictions become one: what each predicted, and where in it the roster's rows lie."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import ClassVar

import numpy as np
from jaxtyping import Float, Int64

from foldline.card.activations import Activation, Form, form_of, width_of
from foldline.card.description import read_classes
from foldline.card.target import Target
from foldline.ensembling.coverage import Roster, place, roster
from foldline.ensembling.scales import Inputs, Scale, Weights
from foldline.files.compact import CompactArray, array_at, take_stored
from foldline.files.places import ALL_ROWS, FoldName, Places
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import places_of, read_rows, read_targets
from foldline.folds.folds_table import read_folds
from foldline.predicting.logits import Logits, read_logits

Chosen = Int64[np.ndarray, " chosen"]


class Average:
    """What is averaged over a model's views, and then over folds. Those of ranks are averages of the predictions of
    members that `ranked` (ranks.py) made."""

    of_ranks: ClassVar[bool] = False

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        """Of the logits under one view."""
        return scale.from_logits(logits, activation)

    def of_views(self, scale: Scale, summands: Inputs, weights: Weights | None = None) -> np.ndarray:
        return scale.mean(summands, weights)

    def finished(self, scale: Scale, mean: np.ndarray, activation: Activation) -> np.ndarray:
        """From the mean over views to the scale."""
        return mean

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.mean(of_folds)


class OfProbabilities(Average):
    pass


class OfLogits(Average):
    """A geometric mean of distributions, or of odds."""

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        return logits

    def of_views(self, scale: Scale, summands: Inputs, weights: Weights | None = None) -> np.ndarray:
        return scale.mean_of_logits(summands, weights)

    def finished(self, scale: Scale, mean: np.ndarray, activation: Activation) -> np.ndarray:
        return scale.from_logits(mean, activation)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.mean_of_scores(of_folds)


class OfRanks(Average):
    of_ranks = True


AVERAGES: Mapping[str, Average] = {"probabilities": OfProbabilities(), "logits": OfLogits(), "ranks": OfRanks()}


@dataclass(frozen=True)
class Reading:
    """How logits are read, which lie in files as a row of them per view."""

    average: Average
    scale: Scale
    views: tuple[int, ...] | None
    """The places of views to be read each by itself, in this order; None for the mean of all."""

    @property
    def arrays_per_member(self) -> int:
        return 1 if self.views is None else len(self.views)

    def read(self, logits: Float[np.ndarray, "rows views outputs"], activation: Activation) -> Inputs:
        """Of one member: its scores, or what is averaged of each view."""
        views = tuple(array_at(logits, place) for place in self.views or range(logits.shape[1]))
        summands = tuple(self.average.summand(self.scale, one, activation) for one in views)
        return summands if self.views is not None else (self.finished(summands, activation),)

    def finished(self, summands: Inputs, activation: Activation) -> np.ndarray:
        """From what is averaged of several views to a member's scores."""
        return self.average.finished(self.scale, self.average.of_views(self.scale, summands), activation)


@dataclass(frozen=True)
class Member:
    """The model of one fold and seed: its logits (memory-mapped), and where in them the roster's rows lie."""

    name: str
    fold: FoldName
    activation: Activation
    validation: Float[np.ndarray, "validation_rows views outputs"]
    test: Float[np.ndarray, "test_rows views outputs"]
    validation_places: Int64[np.ndarray, " validation_rows"]
    test_places: Int64[np.ndarray, " test_rows"]


def members_of(
    models: Sequence[tuple[FoldName, int]], logits: Sequence[Logits], roster: Roster, classes: tuple[str, ...]
) -> list[Member]:
    """`models`: the fold and the seed of each. Raises Refusal as `member` does."""
    return [
        member(fold, of_model, roster, classes, f"fold {fold}, seed {seed}")
        for (fold, seed), of_model in zip(models, logits, strict=True)
    ]


def member(fold: FoldName, logits: Logits, roster: Roster, classes: tuple[str, ...], name: str) -> Member:
    """Raises Refusal unless the fold's model predicted exactly its rows and the test rows, and these classes.

    `name` is for messages. A model that trained on all rows has no validation rows, and joins for the test rows alone.
    """
    refuse_other_classes(logits.classes, classes, name)
    expected = [roster.out_of_fold_ids[row] for row in roster.in_fold(fold)] if isinstance(fold, int) else []
    return Member(
        name=name,
        fold=fold,
        activation=logits.activation,
        validation=logits.validation,
        test=logits.test,
        validation_places=place(expected, logits.validation_ids, f"{name}, validation"),
        test_places=place(roster.test_ids, logits.test_ids, f"{name}, test"),
    )


def refuse_other_classes(found: tuple[str, ...], classes: tuple[str, ...], name: str) -> None:
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


def by_fold(members: Sequence[Member]) -> dict[FoldName, list[Member]]:
    """Each fold's members, in their order. Raises ValueError unless each fold has as many."""
    together: dict[FoldName, list[Member]] = {}
    for one in members:
        together.setdefault(one.fold, []).append(one)
    if len({len(group) for group in together.values()}) > 1:
        raise ValueError(f"folds have different numbers of members: { {k: len(v) for k, v in together.items()} }")
    return together


def validation_predictions(members: Sequence[Member], places: Chosen, reading: Reading) -> Inputs:
    """Of rows of one fold by its members; places: which of the fold's rows. Each member's views come together."""
    return _read([(one, one.validation, one.validation_places[places]) for one in members], reading)


def test_predictions(members: Sequence[Member], rows: slice, reading: Reading) -> Inputs:
    """Of test rows by the members of one fold."""
    return _read([(one, one.test, one.test_places[rows]) for one in members], reading)


def _read(sources: Sequence[tuple[Member, np.ndarray, Chosen]], reading: Reading) -> Inputs:
    each = (reading.read(finite(logits, places, one.name), one.activation) for one, logits, places in sources)
    return tuple(chain.from_iterable(each))


def finite(logits: np.ndarray, places: Chosen, name: str) -> np.ndarray:
    """The logits of the rows at `places`. Raises Refusal when they hold NaN or infinities."""
    rows = take_stored(logits, places)
    numbers = [rows.records[name] for name in ("kept", "others")] if isinstance(rows, CompactArray) else [rows]
    good = np.all([np.isfinite(one.reshape(len(rows), -1)).all(axis=1) for one in numbers], axis=0)
    if not good.all():
        raise Refusal(
            f"{name}: the logits hold NaN or infinities, first in row {places[np.argmin(good)]} of its predictions. "
            "Its training diverged: lower the rate, or train it again."
        )
    return rows


@dataclass(frozen=True)
class Predicted:
    models: Sequence[tuple[FoldName, int]]
    """Fold and seed of each, in the order of the members."""
    members: list[Member]
    """One per fold and seed: of each fold all seeds, of those that trained on all rows last."""
    names: list[str]
    """Of a fold's members, in their order."""
    views: tuple[str, ...]
    """Under which all of them predicted."""
    activation: Activation
    roster: Roster
    targets: np.ndarray
    """Of the out-of-fold rows, as a grader sees them."""
    classes: tuple[str, ...]

    @property
    def form(self) -> Form:
        return form_of(self.activation)

    @property
    def width(self) -> int:
        """How many numbers a row's prediction has."""
        return width_of(self.form, len(self.classes))


def read_predicted(places: Places, folds: Sequence[FoldName], seeds: Sequence[int], target: Target) -> Predicted:
    """Of these folds and seeds; reads no logits yet. Raises Refusal unless every row is predicted exactly once, by
    models of the same classes under the same views."""
    of_some_rows = sorted(fold for fold in folds if isinstance(fold, int))
    rows, classes = read_rows(places.rows), read_classes(places.classes)
    covered = roster(rows, read_folds(places.folds), of_some_rows)
    every: list[FoldName] = [*of_some_rows, *(kind for kind in ALL_ROWS if kind in folds)]
    models = list(product(every, sorted(seeds)))
    logits = [read_logits(places.predicted(*model)) for model in models]
    targets = read_targets(places.targets, rows, classes)[places_of(rows, covered.out_of_fold_ids)]
    return Predicted(
        models,
        members_of(models, logits, covered, classes),
        [f"seed {seed}" for seed in sorted(seeds)],
        common_views(logits),
        logits[0].activation,
        covered,
        target.graded(targets, covered.folds, classes),
        classes,
    )


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
