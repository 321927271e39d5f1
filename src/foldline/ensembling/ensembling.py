"""The models' predictions become one: each out-of-fold row from the models that did not train on it, each test row from
the mean over folds. Steps are applied to each fold's models before that mean: out-of-fold rows have never seen it."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64
from tqdm import tqdm

from foldline.card.activations import Form
from foldline.ensembling.columns import Inputs, row_by_row
from foldline.ensembling.coverage import Roster
from foldline.ensembling.ensemble_steps import EnsemblePlan
from foldline.ensembling.fitting_rows import fitting_rows, numbers_to_fit_on
from foldline.ensembling.link import Counts, predictions_of_scores, scores_from
from foldline.ensembling.members import Member, Reading, by_fold, test_predictions, validation_predictions
from foldline.ensembling.nested import Chain, Evidence, NestedChain, fit_nested
from foldline.ensembling.predicted import Predicted
from foldline.ensembling.probabilities import Probabilities, create_probabilities
from foldline.ensembling.steps import mean_of
from foldline.files.arrays import put, row_blocks
from foldline.files.compact import blank_rows, numbers_per_row

Positions = Int64[np.ndarray, " chosen"]


def fit_ensemble(plan: EnsemblePlan, members: Sequence[Member], predicted: Predicted) -> NestedChain:
    """The steps fitted on out-of-fold rows: for test rows on all, for each fold's rows on those of the others.

    `members`: as the plan takes them.
    """
    roster = predicted.roster
    if not plan.steps:
        return fit_nested((), Evidence((), predicted.targets, roster.folds, roster.clusters), "ensemble")
    return fit_nested(plan.steps, evidence_of(members, predicted, plan.reading), "ensemble")


def evidence_of(members: Sequence[Member], predicted: Predicted, reading: Reading) -> Evidence:
    """What the members predict of the rows that steps are fitted on."""
    roster, of_a_fold = predicted.roster, len(by_fold(members)[members[0].fold])
    rows = fitting_rows(len(roster.folds), numbers_to_fit_on(members[0].test, of_a_fold, reading.arrays_per_member))
    inputs = gather_inputs(members, roster, rows, reading)
    return Evidence(inputs, predicted.targets[rows], roster.folds[rows], roster.clusters[rows])


def gather_inputs(members: Sequence[Member], roster: Roster, rows: Positions, reading: Reading) -> Inputs:
    """What the members predict of some out-of-fold rows, given by rising positions: evidence to fit steps on."""
    gathered: list[np.ndarray] = []
    for fold, group in by_fold(members).items():
        if not isinstance(fold, int):
            continue
        of_fold = np.flatnonzero(roster.folds[rows] == fold)
        for block in row_blocks((len(of_fold), numbers_per_row(group[0].validation))):
            mine = of_fold[block]
            predictions = validation_predictions(group, _places_in_fold(roster, fold, rows[mine]), reading)
            if not gathered:
                gathered = [blank_rows(one, len(rows)) for one in predictions]
            for whole, one in zip(gathered, predictions, strict=True):
                whole[mine] = one
    return tuple(gathered)


def create_means(folder: Path, predicted: Predicted) -> Probabilities:
    """The files of the ensemble's predictions, zeros to be filled in place."""
    roster = predicted.roster
    return create_probabilities(
        folder, roster.out_of_fold_ids, roster.test_ids, roster.folds, predicted.classes, predicted.form
    )


def fill_out_of_fold(
    predictions: Float32[np.ndarray, "rows outputs"],
    members: Sequence[Member],
    roster: Roster,
    reading: Reading,
    chain: NestedChain,
) -> None:
    """Write each out-of-fold row through the chain that was fitted without its fold, in row blocks."""
    groups = by_fold(members)
    for block in _blocks(members, len(predictions), "out-of-fold rows"):
        folds = roster.folds[block]
        rows = blank_rows(predictions, len(folds))
        for fold in np.unique(folds).tolist():
            mine = np.flatnonzero(folds == fold)
            places = _places_in_fold(roster, fold, mine + block.start)
            rows[mine] = mean_of(chain.without[fold].apply(validation_predictions(groups[fold], places, reading)))
        put(predictions, block, rows)


def fill_test(
    predictions: Float32[np.ndarray, "rows outputs"],
    members: Sequence[Member],
    reading: Reading,
    form: Form,
    chain: Chain,
) -> None:
    """Write each test row's mean over folds of what the chain makes of the fold's models, in row blocks."""
    groups = by_fold(members).values()
    for block in _blocks(members, len(predictions), "test rows"):
        of_folds = tuple(mean_of(chain.apply(test_predictions(group, block, reading))) for group in groups)
        put(predictions, block, row_by_row(partial(_over_folds, reading=reading, form=form), of_folds))


def _over_folds(of_folds: Inputs, counts: Counts, reading: Reading, form: Form) -> np.ndarray:
    total = np.zeros(of_folds[0].shape)
    for rows in of_folds:
        total += scores_from(rows, form) if reading.average == "logits" else rows
    mean = total / len(of_folds)
    averaged = predictions_of_scores(mean, form, counts) if reading.average == "logits" else mean
    return averaged.astype(np.float32)


def _places_in_fold(roster: Roster, fold: int, rows: Positions) -> Positions:
    """Out-of-fold rows of one fold: which of the fold's rows they are."""
    return np.searchsorted(roster.in_fold(fold), rows).astype(np.int64)


def _blocks(members: Sequence[Member], rows: int, what: str) -> "tqdm[slice]":
    return tqdm(list(row_blocks((rows, numbers_per_row(members[0].test)))), desc=what, unit="block")
