"""What must hold between an experiment and the card of its competition."""

from foldline.cards.card import Card
from foldline.config.params import Params
from foldline.refusal import Refusal, listed

SWAPS_AXES = {"rotate_90", "rotate_270", "transpose", "transverse"}


def refuse_unfit(params: Params, card: Card) -> None:
    """Raises Refusal with one line per conflict."""
    conflicts = [*_unsafe_views(params, card), *_unfit_submission(card)]
    if conflicts:
        raise Refusal("\n".join(conflicts))
