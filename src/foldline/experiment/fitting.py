"""What must hold between an experiment and the card of its competition, known before anything is trained."""

from collections.abc import Iterator

from foldline.card.activations import is_value
from foldline.card.answers import unscorable
from foldline.card.card import Card
from foldline.card.target import Target
from foldline.card.views import CROPS, SYMMETRIES, names_in, needs_squares
from foldline.ensembling.methods import more_than_order
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal, listed
from foldline.training.section import Train


def unweighable(params: Params, card: Card) -> Iterator[str]:
    """A line per conflict."""
    section, metric = params.ensemble, card.metric
    ranks = "ranks" in (section.average, section.method.kind)
    if section.average == "ranks" and not metric.sees_order_alone:
        yield (
            f"params.yaml: `ensemble.average` is ranks, but the metric {metric.kind} {more_than_order()}. "
            "Set it to probabilities or logits."
        )
    elif ranks and metric.sees_order_alone and not card.target.keeps_ranks:
        yield (
            f"params.yaml: `ensemble.average` or `ensemble.method.kind` is ranks, but the classes of a target of kind "
            f"{card.target.kind} sum to one, and their ranks do not. Set the average to probabilities or logits, the "
            "method to equal or greedy."
        )
    unfit = section.method.unfit(section.average, metric, _loss_of_numbers(params, card))
    if unfit:
        yield f"params.yaml: {unfit}"


def _loss_of_numbers(params: Params, card: Card) -> str | None:
    """The loss's kind, where it makes the model predict numbers."""
    # A loss that does not fit the target has a line of its own.
    activation = params.train.loss.activation(card.target.activations)
    return None if activation is None or not is_value(activation) else params.train.loss.kind


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
        activation = train.loss.fitting_activation(target.activations, f"a target of kind {target.kind}")
    except Refusal as refusal:
        yield str(refusal)
        return
    for key, part in train.kinds.items():
        if part.speaks_of_one_class and (not target.has_one_class or is_value(activation)):
            yield (
                f"params.yaml: `train.{key}.kind` is {part.kind}, which speaks of one class for each image; a target "
                f"of kind {target.kind} under the loss {train.loss.kind} has none. Set it to `none`."
            )
