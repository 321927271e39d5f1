"""Section `limits` of a card: where submissions are notebooks, how much their last run has to do in which time."""

from pydantic import PositiveFloat, PositiveInt

from foldline.params.section import Section


class Limits(Section):
    """`{hidden_rows: 70000, hours: 9}`"""

    hidden_rows: PositiveInt
    """About how many test rows the host lets a submitted notebook see."""
    hours: PositiveFloat
    """How long it may run."""
