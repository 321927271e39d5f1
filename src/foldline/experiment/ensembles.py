"""Whether the section `ensemble` fits the metric and the target, known before anything is trained."""

from collections.abc import Iterator

from foldline.card.activations import is_value
from foldline.card.card import Card
from foldline.ensembling.methods import Convex, Ranks, Stacking
from foldline.experiment.params import Params
from foldline.files.refusal import listed
from foldline.metrics.metric import METRICS


def unweighable(params: Params, card: Card) -> Iterator[str]:
    """A line per conflict."""
    section, metric = params.ensemble, card.metric
    ranks = "ranks" in (section.average, section.method.kind)
    of_order = [kind for kind, other in METRICS.items() if other.sees_order_alone]
    smooth = [kind for kind, other in METRICS.items() if other.is_log_loss or other.is_squared_error]
    not_of_order = f"depends on more than the order of predictions, as {listed(of_order, 20)} do not"
    if section.average == "ranks" and not metric.sees_order_alone:
        yield (
            f"params.yaml: `ensemble.average` is ranks, but the metric {metric.kind} {not_of_order}. "
            "Set it to probabilities or logits."
        )
    elif ranks and metric.sees_order_alone and not card.target.keeps_ranks:
        yield (
            f"params.yaml: `ensemble.average` or `ensemble.method.kind` is ranks, but the classes of a target of kind "
            f"{card.target.kind} sum to one, and their ranks do not. Set the average to probabilities or logits, the "
            "method to equal or greedy."
        )
    match section.method:
        case Ranks() if not metric.sees_order_alone:
            yield (
                f"params.yaml: `ensemble.method.kind` is ranks, but the metric {metric.kind} {not_of_order}. "
                "Choose equal, convex or greedy."
            )
        case Ranks() if section.average == "ranks":
            yield (
                "params.yaml: `ensemble.average` and `ensemble.method.kind` are both ranks: ranks of ranks. "
                "Set the method to equal or greedy, or the average to probabilities."
            )
        case Convex() if not (metric.is_log_loss or metric.is_squared_error):
            yield (
                f"params.yaml: `ensemble.method.kind` is convex, which takes a smooth metric ({listed(smooth, 20)}), "
                f"but the card's is {metric.kind}. Choose greedy."
            )
        case Stacking() if not _gives_probabilities(params, card):
            yield (
                f"params.yaml: `ensemble.method.kind` is stacking, which takes probabilities, but "
                f"`train.loss.kind` {params.train.loss.kind} makes the model predict numbers. Choose convex or greedy."
            )


def _gives_probabilities(params: Params, card: Card) -> bool:
    # A loss that does not fit the target has a line of its own.
    activation = card.target.losses.get(params.train.loss.kind)
    return activation is None or not is_value(activation)
