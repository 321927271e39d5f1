"""The models whose predictions become one: what each predicted, and where in it the roster's rows lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from jaxtyping import Float, Float32, Int64

from foldline.card.activations import Activation
from foldline.ensembling.columns import Inputs, apart, columns_of, row_by_row
from foldline.ensembling.coverage import Roster, place
from foldline.ensembling.link import Counts, predictions_from
from foldline.files.compact import Scale, take_stored
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal
from foldline.predicting.logits import Logits

Places = Int64[np.ndarray, " chosen"]


@dataclass(frozen=True)
class Reading:
    """How logits are read, which lie in files as a row of them per view."""

    average: Literal["probabilities", "logits"]
    """What means are taken of. Those of ranks are means of the predictions of members that `ranked` (ranks.py) made."""
    views: tuple[int, ...] | None
    """The places of views to be read each by itself, in this order; None for the mean of all."""

    @property
    def arrays_per_member(self) -> int:
        return 1 if self.views is None else len(self.views)


@dataclass(frozen=True)
class Member:
    """The model of one fold and seed: its logits (memory-mapped), and where in them the roster's rows lie."""

    name: str
    fold: FoldName
    activation: Activation
    validation: Float32[np.ndarray, "validation_rows views outputs"]
    test: Float32[np.ndarray, "test_rows views outputs"]
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


def validation_predictions(members: Sequence[Member], places: Places, reading: Reading) -> Inputs:
    """Of rows of one fold by its members; places: which of the fold's rows. Each member's views come together."""
    return _read([(one, one.validation, one.validation_places[places]) for one in members], reading)


def test_predictions(members: Sequence[Member], rows: slice, reading: Reading) -> Inputs:
    """Of test rows by the members of one fold."""
    return _read([(one, one.test, one.test_places[rows]) for one in members], reading)


def _read(sources: Sequence[tuple[Member, np.ndarray, Places]], reading: Reading) -> Inputs:
    inputs: list[np.ndarray] = []
    for one, logits, places in sources:
        rows = finite(logits, places, one.name)
        if reading.views is None:
            of_views = partial(_mean_of_views, activation=one.activation, reading=reading)
            inputs.append(row_by_row(of_views, (rows,), "probabilities"))
            continue
        views = apart(rows)
        summands = partial(_summands, activation=one.activation, reading=reading)
        scale: Scale = "logits" if reading.average == "logits" else "probabilities"
        inputs.extend(row_by_row(summands, (views[view],), scale) for view in reading.views)
    return tuple(inputs)


def _mean_of_views(inputs: Inputs, counts: Counts, activation: Activation, reading: Reading) -> np.ndarray:
    mean = _summands(inputs, counts, activation, reading).mean(axis=1, dtype=np.float64)
    return predictions_of_mean(mean, activation, reading, counts).astype(np.float32)


def _summands(inputs: Inputs, counts: Counts, activation: Activation, reading: Reading) -> np.ndarray:
    (logits,) = inputs
    summands = logits if reading.average == "logits" else predictions_from(logits, activation, counts)
    return summands.astype(np.float32, copy=False)


def predictions_of_mean(
    mean: Float[np.ndarray, "rows summed"], activation: Activation, reading: Reading, counts: Counts = None
) -> Float[np.ndarray, "rows predicted"]:
    """From the mean over views, which is one of logits or of predictions."""
    return predictions_from(mean, activation, counts) if reading.average == "logits" else mean


def finite(logits: np.ndarray, places: Places, name: str) -> np.ndarray:
    """The logits of the rows at `places`. Raises Refusal when they hold NaN or infinities."""
    rows = take_stored(logits, places)
    good = np.isfinite(columns_of((rows,)).values[0]).all(axis=(1, 2))
    if not good.all():
        raise Refusal(
            f"{name}: the logits hold NaN or infinities, first in row {places[np.argmin(good)]} of its predictions. "
            "Its training diverged: lower the rate, or train it again."
        )
    return rows
