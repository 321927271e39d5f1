"""What must hold between an experiment and the card of its competition."""

from collections.abc import Iterator

from foldline.card.answers import unscorable
from foldline.card.card import Card
from foldline.card.outputs import unlearnable
from foldline.experiment.ensembles import unweighable
from foldline.experiment.jpeg_store import unstorable
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal, listed
from foldline.predicting.view_names import CROPS, SWAPS_AXES, SYMMETRIES, parts_of
from foldline.training.augmentation_section import NEEDED_SYMMETRIES


def refuse_unfit(params: Params, card: Card) -> None:
    """Raises Refusal with one line per conflict."""
    conflicts = [
        *_unsafe_views(params, card),
        *_swapped_axes(params),
        *_unsafe_recipe(params, card),
        *unlearnable(params.train, card.target.kind),
        *unscorable(card),
        *unweighable(params, card),
        *unstorable(params.prepare, card.layout, card.slug),
    ]
    if conflicts:
        raise Refusal("\n".join(conflicts))


def _unsafe_views(params: Params, card: Card) -> Iterator[str]:
    allowed = card.symmetries or ()
    forbidden = {*SYMMETRIES, *(CROPS if card.symmetries is None else ())}.difference(allowed)
    unsafe = [view for view in params.predict.views if forbidden.intersection(parts_of(view))]
    if unsafe:
        yield (
            f"params.yaml: `predict.views` has {listed(unsafe)}, which changes what the label says in {card.slug}. "
            f"Its card allows: {listed(('identity', *allowed))} (`symmetries`), and any "
            f"{'scale' if card.symmetries is None else 'crop or scale'}."
        )


def _unsafe_recipe(params: Params, card: Card) -> Iterator[str]:
    recipe = params.train.augmentation.recipe
    if card.symmetries is None:
        unsafe = [] if recipe == "none" else ["movements"]
    else:
        unsafe = [name for name in NEEDED_SYMMETRIES.get(recipe, ()) if name not in card.symmetries]
    if unsafe:
        yield (
            f"params.yaml: `train.augmentation.recipe` is {recipe}, which draws {listed(unsafe)}; in {card.slug} that "
            f"changes what the label says. Its card allows: {listed(card.symmetries or ())} (`symmetries`)."
        )


def _swapped_axes(params: Params) -> Iterator[str]:
    height, width = params.prepare.height_pixels, params.prepare.width_pixels
    swapping = [view for view in params.predict.views if set(SWAPS_AXES).intersection(parts_of(view))]
    if swapping and height != width:
        yield (
            f"params.yaml: `predict.views` has {listed(swapping)}, which needs square images, "
            f"but `prepare` makes them {height} x {width} pixels."
        )
