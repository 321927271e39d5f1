"""Two numbers that a card names as the ends of a range."""

from typing import Annotated, Any

from pydantic import BeforeValidator


def _has_both_ends(value: Any) -> Any:
    if isinstance(value, list | tuple) and None in value:
        raise ValueError(
            "it has two numbers; for an end that is open write one that nothing reaches ([0, 1000000]), or null in the "
            "place of both"
        )
    return value


Range = Annotated[tuple[float, float] | None, BeforeValidator(_has_both_ends)]
