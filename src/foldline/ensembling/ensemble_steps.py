"""What the section `ensemble` asks for: how members are read, and which steps concern one model, or their mean."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from foldline.card.activations import holds_probabilities
from foldline.ensembling import temperature
from foldline.ensembling.ensemble_section import Ensemble, NoTemperature, Ranks
from foldline.ensembling.gains import Gain, no_gain
from foldline.ensembling.members import Member, Reading, predictions_of_mean
from foldline.ensembling.omissions import no_use
from foldline.ensembling.predicted import Predicted
from foldline.ensembling.ranks import ranked
from foldline.ensembling.steps import Judge, Step
from foldline.ensembling.view_choice import Addition, ordered
from foldline.ensembling.weighting import weights_step


@dataclass(frozen=True)
class EnsemblePlan:
    reading: Reading
    steps: list[Step]
    left_out: list[Gain]
    """Lines for steps that were asked for and that the metric has no use for."""
    means_of_ranks: bool
    ranks_beside: bool

    def taken(self, members: Sequence[Member]) -> list[Member]:
        """What the steps take: the members themselves, their ranks, or themselves and then their ranks."""
        if not self.means_of_ranks and not self.ranks_beside:
            return list(members)
        in_ranks = [ranked(one) for one in members]
        return in_ranks if self.means_of_ranks else [*members, *in_ranks]


def ensemble_plan(section: Ensemble, predicted: Predicted, judge: Judge) -> EnsemblePlan:
    names, views, form = predicted.names, predicted.views, predicted.form
    steps, left_out = [], []
    ranks_beside = isinstance(section.method, Ranks) and len(names) > 1
    chooses = section.views == "chosen" and len(views) > 1
    means_of_ranks = section.average == "ranks"
    average = "logits" if section.average == "logits" else "probabilities"
    reading = Reading(average, tuple(views.index(view) for view in ordered(views)) if chooses else None)
    if chooses:
        first, *left = ordered(views)
        of_mean = partial(predictions_of_mean, activation=predicted.activation, reading=reading)
        count = len(names) * (2 if ranks_beside else 1)
        steps.append(Addition((first,), tuple(left), count, len(names), judge, of_mean).step)
    if not isinstance(section.temperature, NoTemperature):
        if judge.metric.judges_probabilities and holds_probabilities(form):
            steps.append(temperature.temperature_step(section.temperature, form, judge))
        else:
            left_out.append(no_gain(temperature.NAME, no_use(judge.metric, "a temperature")))
    weights = weights_step(section.method, names, form, judge)
    return EnsemblePlan(reading, [*steps, *([weights] if weights else [])], left_out, means_of_ranks, ranks_beside)
