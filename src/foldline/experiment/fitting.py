"""What must hold between an experiment and the card of its competition, known before anything is trained."""

from collections.abc import Iterator

from foldline.card.activations import is_value
from foldline.card.answers import unscorable
from foldline.card.card import Card
from foldline.card.target import Target
from foldline.card.views import CROPS, SYMMETRIES, names_in, needs_squares
from foldline.ensembling.methods import Convex, Ranks, Stacking
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal, listed
from foldline.metrics.metric import METRICS
from foldline.training.section import Train


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


def refuse_unfit(params: Params, card: Card) -> None:
    """Raises Refusal with one line per conflict."""
    conflicts = [
        *_unsafe_views(params, card),
        *_swapped_axes(params),
        *_unsafe_recipe(params, card),
        *unlearnable(params.train, card.target),
        *unscorable(card),
        *unweighable(params, card),
        *params.prepare.unstorable(card.layout.channels, card.layout.range, card.slug),
    ]
    if conflicts:
        raise Refusal("\n".join(conflicts))


def _unsafe_views(params: Params, card: Card) -> Iterator[str]:
    allowed = card.symmetries or ()
    forbidden = {*SYMMETRIES, *(CROPS if card.symmetries is None else ())}.difference(allowed)
    unsafe = [view for view in params.predict.views if forbidden.intersection(names_in(view))]
    if unsafe:
        yield (
            f"params.yaml: `predict.views` has {listed(unsafe)}, which changes what the label says in {card.slug}. "
            f"Its card allows: {listed(('identity', *allowed))} (`symmetries`), and any "
            f"{'scale' if card.symmetries is None else 'crop or scale'}."
        )


def _unsafe_recipe(params: Params, card: Card) -> Iterator[str]:
    recipe, slug = params.train.augmentation.recipe, card.slug
    unsafe = recipe.unsafe(card.symmetries)
    if unsafe:
        yield (
            f"params.yaml: `train.augmentation.recipe` is {recipe.kind}, which draws {listed(unsafe)}; in {slug} that "
            f"changes what the label says. Its card allows: {listed(card.symmetries or ())} (`symmetries`)."
        )


def _swapped_axes(params: Params) -> Iterator[str]:
    height, width = params.prepare.height_pixels, params.prepare.width_pixels
    swapping = [view for view in params.predict.views if needs_squares(view)]
    if swapping and height != width:
        yield (
            f"params.yaml: `predict.views` has {listed(swapping)}, which needs square images, "
            f"but `prepare` makes them {height} x {width} pixels."
        )


def unlearnable(train: Train, target: Target) -> Iterator[str]:
    """Every reason why the target cannot be learned so."""
    try:
        activation = target.activation(train.loss.kind)
    except Refusal as refusal:
        yield str(refusal)
        return
    of_one_class = {"train.imbalance": train.imbalance, "train.warm_start.kind": train.warm_start.kind}
    for key, choice in of_one_class.items():
        if choice != "none" and (not target.has_one_class or is_value(activation)):
            yield (
                f"params.yaml: `{key}` is {choice}, which speaks of one class for each image; a target of kind "
                f"{target.kind} under the loss {train.loss.kind} has none. Set it to `none`."
            )
