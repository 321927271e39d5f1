"""Several finished runs on the same rows become one: their out-of-fold rows say how much each counts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float64

from foldline.card.activations import ColumnDistributions, Form, holds_probabilities, name_of
from foldline.ensembling.expected_rows import positions_in
from foldline.ensembling.fold_averages import ranks_within
from foldline.ensembling.members import refuse_other_classes
from foldline.ensembling.methods import Method
from foldline.ensembling.predictions import read_scores
from foldline.ensembling.row_sources import Positions, Stored, StoredRows
from foldline.ensembling.runs import Run
from foldline.ensembling.scales import Inputs, Scale, scale_of, stored_scale
from foldline.files.arrays import row_blocks
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


def blend_scale(method: Method, form: Form, classes: int) -> Scale:
    """On which runs are weighed: their predictions as they are stored, unless the method takes scores."""
    return scale_of(form, classes) if method.takes_scores else stored_scale(form, classes)


def aligned(runs: Sequence[Run], targets: np.ndarray, method: Method, scale: Scale) -> StoredRows:
    """What the method takes of the runs on the scale, ranks too where it does: rows in the order of the first run.

    Raises Refusal unless all have its rows, folds, classes and form. targets: as graded.
    """
    first = runs[0].predictions
    of_folds, of_test = [], []
    for run in runs:
        predictions, name = run.predictions, f"run `{run.name}`"
        refuse_other_classes(predictions.classes, first.classes, name)
        if predictions.form != first.form:
            raise Refusal(
                f"{name} holds predictions of the form {name_of(predictions.form)}, run `{runs[0].name}` of the "
                f"form {name_of(first.form)}: they have no common mean. Blend runs of the same kind of loss."
            )
        positions = positions_in(first.out_of_fold_ids, predictions.out_of_fold_ids, f"{name}, out-of-fold rows")
        _refuse_other_folds(predictions.folds[positions], runs[0], name)
        test_positions = positions_in(first.test_ids, predictions.test_ids, f"{name}, test rows")
        values = read_scores(run.folder, predictions) if scale.has_scores else predictions
        of_folds.append(Stored(values.out_of_fold, positions))
        of_test.append(Stored(values.test, test_positions))
    folds = np.asarray(first.folds, np.int64)
    rows = StoredRows(targets, folds, runs[0].clusters, tuple(of_folds), tuple(of_test))
    return with_ranks(rows, first.form) if method.takes_ranks else rows


def _refuse_other_folds(folds: Positions, first: Run, name: str) -> None:
    differing = np.flatnonzero(folds != first.predictions.folds)
    if len(differing):
        ids = [first.predictions.out_of_fold_ids[row] for row in differing.tolist()]
        raise Refusal(
            f"{name} has {len(ids)} rows in another fold than run `{first.name}`: {listed(ids)}. A weight fitted on "
            "such rows has seen what it is judged on: run it with the same section `split` and the same folds."
        )


def with_ranks(rows: StoredRows, form: Form) -> StoredRows:
    """The runs' ranks after their predictions: within a fold, and among all test rows."""
    one_group = np.zeros(len(rows.arrays[0]), np.int64)
    return replace(
        rows, of_folds=_doubled(rows.of_folds, rows.folds, form), of_test=_doubled(rows.of_test, one_group, form)
    )


def _doubled(stored: tuple[Stored, ...], groups: Positions, form: Form) -> tuple[Stored, ...]:
    every = np.arange(len(groups))
    return (*stored, *(Stored(ranks_within(one.at(every), groups, form)) for one in stored))
