"""Fields of a competition's table that a target cannot be."""

import pandas as pd

from foldline.archive.tables import described_places
from foldline.files.refusal import Refusal, listed

ONES, ZEROS = ("1", "1.0"), ("0", "0.0")
BY_A_FUNCTION = "or change or leave out these lines in a function of your own (docs/own-code.md)"


def ones(texts: pd.Series, source: str, cure: str) -> pd.Series:
    """Whether each field is 1. Raises Refusal for one that is neither 1 nor 0; cure: in words."""
    refuse_other_fields(texts, texts.isin([*ONES, *ZEROS]), source, f"0 or 1; {cure}, {BY_A_FUNCTION}")
    return texts.isin(list(ONES))


def refuse_other_fields(texts: pd.Series, valid: pd.Series, source: str, wanted: str) -> None:
    """Raises Refusal with the first lines and texts that are not `valid`; wanted: what they must be, in words."""
    if valid.all():
        return
    others = texts[~valid]
    count = others.index.nunique()
    found = listed([repr(text) if text else "empty" for text in others.unique()], 5)
    where = described_places(others.index)
    raise Refusal(f"{source}: `{texts.name}` is {found} {where} ({count} lines): it must be {wanted}.")
