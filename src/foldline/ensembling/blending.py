"""Several finished runs on the same rows become one: their out-of-fold rows say how much each counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float32, Float64, Int64

from foldline.card.activations import ColumnDistributions, Form, holds_probabilities, name_of
from foldline.ensembling.chain import Evidence, Judge, Step, fitting_rows, numbers_to_fit_on
from foldline.ensembling.coverage import place
from foldline.ensembling.members import refuse_other_classes
from foldline.ensembling.methods import Method
from foldline.ensembling.probabilities import read_scores
from foldline.ensembling.ranks import ranks_within
from foldline.ensembling.runs import Run
from foldline.ensembling.scales import AsPredicted, Inputs, Scale, scale_of
from foldline.files.arrays import gather, row_blocks
from foldline.files.compact import is_compact, take_stored
from foldline.files.refusal import Refusal, listed
from foldline.metrics.decisions.likeliest import most_probable
from foldline.metrics.decisions.weighted_classes import likeliest_of_each


@dataclass(frozen=True)
class Agreement:
    correlation: Float64[np.ndarray, "members members"]
    """Of the members' predictions, all rows and outputs together."""
    disagreement: Float64[np.ndarray, "members members"]
    """The share of rows for which they name different classes: the likeliest, of each column where there are several,
    or those of at least one half."""


def agreement(inputs: Inputs, form: Form) -> Agreement:
    """`inputs`: the members' predictions of the same rows. Numbers name no class: their disagreement is NaN."""
    named = [_named(one, form) for one in inputs]
    different = [[_share_of_different_rows(one, other) for other in named] for one in named]
    return Agreement(_correlation(inputs), np.array(different))


def _correlation(inputs: Inputs) -> Float64[np.ndarray, "members members"]:
    """In blocks, which alone are as wide as there are classes."""
    count, sums, products = 0, np.zeros(len(inputs)), np.zeros((len(inputs), len(inputs)))
    for block in row_blocks(inputs[0].shape):
        rows = np.stack([one[block].ravel() for one in inputs]).astype(np.float64)
        count, sums, products = count + rows.shape[1], sums + rows.sum(axis=1), products + rows @ rows.T
    beyond = products - np.outer(sums, sums) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        return beyond / np.sqrt(np.outer(np.diag(beyond), np.diag(beyond)))


def _named(predictions: np.ndarray, form: Form) -> np.ndarray | None:
    if not holds_probabilities(form):
        return None
    if isinstance(form, ColumnDistributions):
        return likeliest_of_each(form.sizes)(predictions)
    return most_probable(predictions) if form == "distribution" else predictions >= 0.5


def _share_of_different_rows(one: np.ndarray | None, other: np.ndarray | None) -> float:
    if one is None or other is None:
        return math.nan
    return float((one != other).reshape(len(one), -1).any(axis=1).mean())


Places = Int64[np.ndarray, " rows"]


@dataclass(frozen=True)
class Part:
    """The runs' predictions of the same rows, wherever these lie in each run."""

    values: tuple[Float32[np.ndarray, "rows outputs"], ...]
    places: tuple[Places, ...]

    def at(self, rows: Places) -> Inputs:
        return tuple(gather(one, places[rows]) for one, places in zip(self.values, self.places, strict=True))

    def source(self, block: slice) -> Inputs:
        return tuple(take_stored(one, places[block]) for one, places in zip(self.values, self.places, strict=True))


@dataclass(frozen=True)
class Parts:
    out_of_fold: Part
    test: Part


def blend_scale(method: Method, form: Form, classes: int) -> Scale:
    """On which runs are weighed: their predictions as they are stored, unless the method takes scores."""
    if method.takes_scores:
        return scale_of(form, classes)
    return AsPredicted(form, is_compact(classes, form == "distribution"))


def blend_step(method: Method, names: Sequence[str], scale: Scale, judge: Judge) -> Step:
    """From the runs' arrays to one of predictions, which the steps of `clip` take."""
    step = method.step(names, scale, judge)
    return replace(step, apply=lambda setting, inputs: tuple(map(scale.predictions, step.apply(setting, inputs))))


def aligned(runs: Sequence[Run], has_scores: bool = False) -> Parts:
    """The rows in the order of the first run. `has_scores`: scores in the place of predictions.

    Raises Refusal unless all have its rows, folds, classes and form.
    """
    first = runs[0].predictions
    out_of_fold, test = [], []
    for run in runs:
        predictions, name = run.predictions, f"run `{run.name}`"
        refuse_other_classes(predictions.classes, first.classes, name)
        if predictions.form != first.form:
            raise Refusal(
                f"{name} holds predictions of the form {name_of(predictions.form)}, run `{runs[0].name}` of the "
                f"form {name_of(first.form)}: they have no common mean. Blend runs of the same kind of loss."
            )
        places = place(first.out_of_fold_ids, predictions.out_of_fold_ids, f"{name}, out-of-fold rows")
        _refuse_other_folds(predictions.folds[places], runs[0], name)
        out_of_fold.append(places)
        test.append(place(first.test_ids, predictions.test_ids, f"{name}, test rows"))
    values = [read_scores(run.folder, run.predictions) if has_scores else run.predictions for run in runs]
    return Parts(
        Part(tuple(one.out_of_fold for one in values), tuple(out_of_fold)),
        Part(tuple(one.test for one in values), tuple(test)),
    )


def _refuse_other_folds(folds: Places, first: Run, name: str) -> None:
    differing = np.flatnonzero(folds != first.predictions.folds)
    if len(differing):
        ids = [first.predictions.out_of_fold_ids[row] for row in differing.tolist()]
        raise Refusal(
            f"{name} has {len(ids)} rows in another fold than run `{first.name}`: {listed(ids)}. A weight fitted on "
            "such rows has seen what it is judged on: run it with the same section `split` and the same folds."
        )


def with_ranks(parts: Parts, runs: Sequence[Run], method: Method) -> Parts:
    """For the mean of ranks, the runs' ranks beside their predictions: within a fold, and among all test rows."""
    if not method.takes_ranks:
        return parts
    form, folds = runs[0].predictions.form, runs[0].predictions.folds
    return Parts(
        _doubled(parts.out_of_fold, np.asarray(folds, np.int64), form),
        _doubled(parts.test, np.zeros(len(runs[0].predictions.test_ids), np.int64), form),
    )


def _doubled(part: Part, groups: Places, form: Form) -> Part:
    every = np.arange(len(groups))
    ranks = tuple(ranks_within(one, groups, form) for one in part.at(every))
    return Part((*part.values, *ranks), (*part.places, *(every for _ in ranks)))


def evidence_of(part: Part, targets: np.ndarray, folds: Places, clusters: Places) -> Evidence:
    rows = fitting_rows(len(targets), numbers_to_fit_on(part.values[0], members=len(part.values)))
    return Evidence(part.at(rows), targets[rows], folds[rows], clusters[rows])
