"""What must hold between an experiment and the card of its competition, known before anything is trained."""

from collections.abc import Iterator

from foldline.card.answers import unscorable
from foldline.card.card import Card
from foldline.card.target import Target
from foldline.card.views import CROPS, SYMMETRIES, is_of_soup, names_in, needs_squares
from foldline.ensembling.methods import NEEDS_ALL_CLASSES, needs_order
from foldline.experiment.params import Params
from foldline.files.compact import is_compact
from foldline.files.refusal import Refusal, listed
from foldline.training.train_section import Train


def unweighable(params: Params, card: Card) -> Iterator[str]:
    """A line per conflict."""
    average, method, metric = params.ensemble.average, params.ensemble.method, card.metric
    if average.of_ranks and method.takes_ranks:
        yield (
            "params.yaml: `ensemble.average` and `ensemble.method.kind` are both ranks: ranks of ranks. "
            "Set the method to equal or hill_climbing, or the average to probabilities."
        )
    if average.of_ranks and not metric.sees_order_alone:
        why = needs_order(metric)
        yield f"params.yaml: `ensemble.average` is ranks, which {why}. Set it to probabilities or logits."
    elif (average.of_ranks or method.takes_ranks) and metric.sees_order_alone and not card.target.keeps_ranks:
        yield (
            f"params.yaml: `ensemble.average` or `ensemble.method.kind` is ranks, but the classes of a target of kind "
            f"{card.target.kind} sum to one, and their ranks do not. Set the average to probabilities or logits, the "
            "method to equal or hill_climbing."
        )
    unfit = method.unfit(metric, not _predicts_numbers(params, card))
    # Classes that the card does not name are counted by `ensemble`, which refuses the same.
    many = card.target.sums_to_one and is_compact(len(card.target.named_classes()), distribution=True)
    if unfit is None and method.takes_all_classes and many:
        unfit = NEEDS_ALL_CLASSES
    if unfit is not None:
        yield f"params.yaml: `ensemble.method.kind` is {method.kind}, which {unfit}"


def _predicts_numbers(params: Params, card: Card) -> bool:
    # A loss that does not fit the target has a line of its own.
    activation = params.train.loss.activation(card.target.activations)
    return activation is not None and activation.gives_values


def refuse_unfit(params: Params, card: Card) -> None:
    """Raises Refusal with one line per conflict."""
    conflicts = [
        *_unsafe_views(params, card),
        *_swapped_axes(params),
        *_unsafe_recipe(params, card),
        *unlearnable(params.train, card.target),
        *_without_soup(params),
        *_unfit_pretext(params, card),
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


def _without_soup(params: Params) -> Iterator[str]:
    of_soup = [view for view in params.predict.views if is_of_soup(view)]
    if of_soup and not params.train.soup.epochs_in(params.train.epochs):
        yield (
            f"params.yaml: `predict.views` has {listed(of_soup)}, but `train.soup.kind` is {params.train.soup.kind}: "
            "there is no soup. Leave these views out, or set train.soup to {kind: last_epochs, ...}."
        )


def _unsafe_recipe(params: Params, card: Card) -> Iterator[str]:
    for recipe in dict.fromkeys(phase.augmentation.recipe for phase in params.train.in_phases):
        unsafe = recipe.unsafe(card.symmetries)
        if unsafe:
            yield (
                f"params.yaml: `train.augmentation.recipe` is {recipe.kind}, which draws {listed(unsafe)}; in "
                f"{card.slug} that changes what the label says. Its card allows: {listed(card.symmetries or ())} "
                "(`symmetries`)."
            )


def _unfit_pretext(params: Params, card: Card) -> Iterator[str]:
    pretext, rule = params.pretext.learned, card.rules.test_images_in_training
    if pretext is None:
        return
    learns_classes = any(activation.learned == "distribution" for activation in card.target.activations)
    if not (card.target.has_one_class and learns_classes):
        yield (
            f"params.yaml: `pretext.kind` is {pretext.kind}, whose probes tell classes apart, one for each image; a "
            f"target of kind {card.target.kind} has none. Set it to `none`."
        )
    if pretext.images == "train_and_test" and rule != "allowed":
        yield (
            f"params.yaml: `pretext.images` is train_and_test, but `rules.test_images_in_training` of the card "
            f"{card.slug} is {rule}. Look at the competition's rules, on its page. Where they allow to learn from test "
            "images, say so in the card (`rules: {test_images_in_training: allowed}`); if not, set `pretext.images` to "
            "train or fold."
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
        if part.speaks_of_one_class and (not target.has_one_class or activation.gives_values):
            yield (
                f"params.yaml: `train.{key}.kind` is {part.kind}, which speaks of one class for each image; a target "
                f"of kind {target.kind} under the loss {train.loss.kind} has none. Set it to `{part.instead}`."
            )
