"""Section `ensemble`: how the predictions of folds and experiments become one, and which steps that takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from foldline.ensembling.gains import Gain
from foldline.ensembling.members import AVERAGES, Member, Reading
from foldline.ensembling.methods import Method
from foldline.ensembling.predicted import Predicted
from foldline.ensembling.ranks import ranked
from foldline.ensembling.scales import Scale, scale_of
from foldline.ensembling.steps import Judge, Step
from foldline.ensembling.temperature import Temperature
from foldline.ensembling.view_choice import Addition, ordered
from foldline.params.kinds import union_of
from foldline.params.section import Section

if TYPE_CHECKING:
    Methods = Method
    Temperatures = Temperature
else:
    Methods = union_of("foldline.ensembling.methods", Method)
    Temperatures = union_of("foldline.ensembling.temperature", Temperature)


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
