"""The models' predictions become one: each out-of-fold row from the models that did not train on it, each test row from
the mean over folds. Steps are applied to each fold's models before that mean: out-of-fold rows have never seen it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np

from foldline.ensembling.chain import NestedChain
from foldline.ensembling.members import ModelRows, Predicted
from foldline.ensembling.methods import Method
from foldline.ensembling.predictions import Predictions, create_predictions, create_scores
from foldline.ensembling.row_sources import cross_fitted, fitted
from foldline.ensembling.scales import scale_of
from foldline.ensembling.scoring import Gain, Scorer
from foldline.ensembling.steps import Context, Step
from foldline.ensembling.temperature import Temperature
from foldline.ensembling.view_averages import Addition, Average, Reading, ordered
from foldline.files.arrays import put
from foldline.params.kinds import union_of
from foldline.params.section import Section

Methods = Annotated[Method, union_of("foldline.ensembling.methods", Method)]
Averages = Annotated[Average, union_of("foldline.ensembling.view_averages", Average)]
Temperatures = Annotated[Temperature, union_of("foldline.ensembling.temperature", Temperature)]


class Ensemble(Section):
    views: Literal["all", "chosen"]
    """Which of the predicted views count: all, or identity and those whose addition is a real gain."""
    average: Averages
    """What is averaged over views and folds."""
    method: Methods
    """How the seeds of one run are weighed against each other, and the runs of `pipelines.blend`. Folds always count
    equally."""
    temperature: Temperatures


@dataclass(frozen=True)
class EnsemblePlan:
    source: ModelRows
    steps: list[Step]
    left_out: list[Gain]
    """Rows for steps that were asked for and that the metric or the predictions have no use for."""


def ensemble_plan(section: Ensemble, predicted: Predicted, scorer: Scorer) -> EnsemblePlan:
    """Raises Refusal when a step does not fit the metric or the predictions."""
    views, several = ordered(predicted.views), len(predicted.names) > 1
    chooses = section.views == "chosen" and len(views) > 1
    context = Context(scale_of(predicted.form, len(predicted.classes)), scorer, len(predicted.classes), predicted.names)
    asked_for: list[Step] = [section.temperature]
    if chooses:
        asked_for.insert(0, addition_to(views, section.average, predicted))
    if several:
        asked_for.append(section.method)
    planned = [step.planned(context) for step in asked_for]
    positions = tuple(predicted.views.index(view) for view in views) if chooses else None
    reading = Reading(section.average, context.scale, positions)
    return EnsemblePlan(
        predicted.read_by(reading, with_ranks=section.method.takes_ranks and several),
        [step for steps, _ in planned for step in steps],
        [line for _, left_out in planned for line in left_out],
    )


def addition_to(views: tuple[str, ...], average: Average, predicted: Predicted) -> Addition:
    """The first step that adds one of these views to the first of them."""
    deciding = len(predicted.names)
    return Addition(views=views, chosen=views[:1], average=average, activation=predicted.activation, deciding=deciding)


def write_ensemble(folder: Path, plan: EnsemblePlan, predicted: Predicted, chain: NestedChain) -> Predictions:
    """Write each row's prediction, and what it was rounded from, in row blocks."""
    source, scale, rows = plan.source, plan.source.reading.scale, predicted.rows
    means = create_predictions(
        folder, rows.out_of_fold_ids, rows.test_ids, rows.folds, predicted.classes, predicted.form
    )
    scores = create_scores(folder, means, scale.has_scores)

    def write(part: Literal["out_of_fold", "test"], block: slice, values: np.ndarray) -> None:
        put(getattr(means, part), block, scale.predictions(values))
        if scale.has_scores:
            put(getattr(scores, part), block, values.astype(np.float32))

    for block, inputs in cross_fitted(source, chain, "ensemble"):
        write("out_of_fold", block, scale.mean(inputs))
    for block, of_folds in fitted(source, chain, "ensemble"):
        write("test", block, source.reading.average.over_folds(scale, tuple(map(scale.mean, of_folds))))
    return means
