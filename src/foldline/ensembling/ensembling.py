"""The models' predictions become one: each out-of-fold row from the models that did not train on it, each test row from
the mean over folds. Steps are applied to each fold's models before that mean: out-of-fold rows have never seen it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Int64
from tqdm import tqdm

from foldline.ensembling.chain import (
    Chain,
    Evidence,
    Judge,
    NestedChain,
    Step,
    fit_nested,
    fitting_rows,
    numbers_to_fit_on,
)
from foldline.ensembling.coverage import Roster
from foldline.ensembling.gains import Gain
from foldline.ensembling.members import (
    AVERAGES,
    Member,
    Predicted,
    Reading,
    by_fold,
    test_predictions,
    validation_predictions,
)
from foldline.ensembling.methods import Method
from foldline.ensembling.probabilities import Probabilities, StoredScores, create_probabilities, create_scores
from foldline.ensembling.ranks import ranked
from foldline.ensembling.scales import Inputs, Scale, scale_of
from foldline.ensembling.temperature import Temperature
from foldline.ensembling.view_choice import Addition, ordered
from foldline.files.arrays import put, row_blocks
from foldline.files.compact import blank_rows, numbers_per_row
from foldline.params.kinds import union_of
from foldline.params.section import Section

Methods = Annotated[Method, union_of("foldline.ensembling.methods", Method)]
Temperatures = Annotated[Temperature, union_of("foldline.ensembling.temperature", Temperature)]


class Ensemble(Section):
    views: Literal["all", "chosen"]
    """Which of the predicted views count: all, or identity and those whose addition is a real gain."""
    average: Literal["probabilities", "logits", "ranks"]
    """What is averaged over views and folds. A rank is that among the rows that the same model predicted: those of its
    fold, or the test rows. For metrics that see the order of predictions alone."""
    method: Methods
    """How the seeds of one run are weighed against each other, and the runs of `pipelines.blend`. Folds always count
    equally."""
    temperature: Temperatures


@dataclass(frozen=True)
class EnsemblePlan:
    reading: Reading
    steps: list[Step]
    left_out: list[Gain]
    """Lines for steps that were asked for and that the metric or the predictions have no use for."""
    ranks_beside: bool

    @property
    def scale(self) -> Scale:
        return self.reading.scale

    def taken(self, members: Sequence[Member]) -> list[Member]:
        """What the steps take: the members themselves, their ranks, or themselves and then their ranks."""
        if not self.reading.average.of_ranks and not self.ranks_beside:
            return list(members)
        in_ranks = [ranked(one, self.scale) for one in members]
        return [*members, *in_ranks] if self.ranks_beside else in_ranks


def ensemble_plan(section: Ensemble, predicted: Predicted, judge: Judge) -> EnsemblePlan:
    """`judge`: of predictions. Raises Refusal when a step does not fit the metric or the predictions."""
    names, views = predicted.names, predicted.views
    scale = scale_of(predicted.form, len(predicted.classes))
    chooses = section.views == "chosen" and len(views) > 1
    places = tuple(views.index(view) for view in ordered(views)) if chooses else None
    reading = Reading(AVERAGES[section.average], scale, places)
    of_members = replace(judge, read=lambda outputs: scale.predictions(scale.mean(outputs)))
    ranks_beside = section.method.takes_ranks and len(names) > 1
    steps: list[Step] = []
    if chooses:
        first, *left = ordered(views)
        count = len(names) * (2 if ranks_beside else 1)
        steps.append(Addition((first,), tuple(left), count, len(names), of_members, reading, predicted.activation).step)
    divided, left_out = section.temperature.steps(scale, of_members)
    weights = [section.method.step(names, scale, of_members)] if len(names) > 1 else []
    return EnsemblePlan(reading, [*steps, *divided, *weights], left_out, ranks_beside)


Positions = Int64[np.ndarray, " chosen"]


@dataclass(frozen=True)
class Ensembled:
    """The files that are filled block by block."""

    means: Probabilities
    scores: StoredScores

    def put(self, part: Literal["out_of_fold", "test"], block: slice, values: np.ndarray, scale: Scale) -> None:
        put(getattr(self.means, part), block, scale.predictions(values))
        if scale.has_scores:
            put(getattr(self.scores, part), block, values.astype(np.float32))


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


def create_ensembled(folder: Path, predicted: Predicted, scale: Scale) -> Ensembled:
    """The files of the ensemble's predictions, zeros to be filled in place."""
    roster = predicted.roster
    means = create_probabilities(
        folder, roster.out_of_fold_ids, roster.test_ids, roster.folds, predicted.classes, predicted.form
    )
    return Ensembled(means, create_scores(folder, means, scale.has_scores))


def fill_out_of_fold(
    ensembled: Ensembled, members: Sequence[Member], roster: Roster, reading: Reading, chain: NestedChain
) -> None:
    """Write each out-of-fold row through the chain that was fitted without its fold, in row blocks."""
    groups, scale = by_fold(members), reading.scale
    for block in _blocks(members, len(roster.folds), "out-of-fold rows"):
        folds = roster.folds[block]
        rows: np.ndarray | None = None
        for fold in np.unique(folds).tolist():
            mine = np.flatnonzero(folds == fold)
            places = _places_in_fold(roster, fold, mine + block.start)
            of_fold = scale.mean(chain.without[fold].apply(validation_predictions(groups[fold], places, reading)))
            rows = blank_rows(of_fold, len(folds)) if rows is None else rows
            rows[mine] = of_fold
        assert rows is not None
        ensembled.put("out_of_fold", block, rows, scale)


def fill_test(ensembled: Ensembled, members: Sequence[Member], reading: Reading, chain: Chain) -> None:
    """Write each test row's mean over folds of what the chain makes of the fold's models, in row blocks."""
    groups, scale = by_fold(members).values(), reading.scale
    for block in _blocks(members, len(ensembled.means.test), "test rows"):
        of_folds = tuple(scale.mean(chain.apply(test_predictions(group, block, reading))) for group in groups)
        ensembled.put("test", block, reading.average.over_folds(scale, of_folds), scale)


def _places_in_fold(roster: Roster, fold: int, rows: Positions) -> Positions:
    """Out-of-fold rows of one fold: which of the fold's rows they are."""
    return np.searchsorted(roster.in_fold(fold), rows).astype(np.int64)


def _blocks(members: Sequence[Member], rows: int, what: str) -> "tqdm[slice]":
    return tqdm(list(row_blocks((rows, numbers_per_row(members[0].test)))), desc=what, unit="block")
