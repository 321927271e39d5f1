"""From a competition's columns of votes to each row's shares, by name."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from foldline.competition.field_checks import refuse_other_fields
from foldline.files.target_texts import text_of_numbers

WANTED = "a number of votes, or a share, 0 or more; correct target.kind or target.columns in the card"


def share_texts(table: pd.DataFrame, columns: Sequence[str], source: str) -> pd.Series:
    """The shares of each line of `table`, whose columns are text: its votes by their sum.

    Raises Refusal for what is no number of votes, or a line without any.
    """
    votes = np.column_stack([_votes(table[column], source) for column in columns])
    sums = votes.sum(axis=1)
    some = pd.Series(sums > 0, index=table.index)
    refuse_other_fields(table[columns[0]], some, source, "more than 0 where all other target.columns are 0")
    shares = (votes / sums[:, None]).tolist()
    texts = [text_of_numbers(dict(zip(columns, row, strict=True))) for row in shares]
    return pd.Series(texts, index=table.index, dtype="str")


def _votes(texts: pd.Series, source: str) -> np.ndarray:
    votes = pd.to_numeric(texts, errors="coerce").to_numpy(float)
    refuse_other_fields(texts, pd.Series(np.isfinite(votes) & (votes >= 0), index=texts.index), source, WANTED)
    return votes
