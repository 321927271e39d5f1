"""Rows that lack a line where a target has a line for each class, or for each number, of a row."""

from collections.abc import Iterator

import pandas as pd

from foldline.card.target import Lines, Multilabel, Regression, Target
from foldline.card.templates import filled, parse_id
from foldline.files.refusal import Refusal, listed
from foldline.files.target_texts import text_of_labels

SHOWN = 5
IN_COMMON = "The lines of a row must have one id in common, as `{ID.head}` is of `{ID}`: correct layout.train.id"


def spoken_of(columns: pd.DataFrame, target: Target) -> "pd.Series | str":
    """The class, or the number, that each line says something of; empty where lines say all of a row."""
    parts = target.labels if isinstance(target, Multilabel) else None
    parts = target.values if isinstance(target, Regression) else parts
    return filled(parse_id(parts.name), columns) if isinstance(parts, Lines) else ""


def lacking_lines(lines: pd.DataFrame, target: Target) -> Iterator[str]:
    """What the doctor says of train rows that lack lines. lines: row_id, target (a line's own), spoken_of.

    A label without a line is one that a row does not have. Where the table writes 0s, and most rows lack lines, their
    id is wrong and the answers would be invented: raises Refusal.
    """
    pairs = lines[["row_id", "spoken_of"]].drop_duplicates()
    names = pairs["spoken_of"].unique()
    counts = pairs["row_id"].value_counts(sort=False)
    lacking = counts.index[counts < len(names)]
    of_labels = isinstance(target, Multilabel)
    if lacking.empty or (of_labels and not (lines["target"] == text_of_labels([])).any()):
        return
    there = set(pairs.loc[pairs["row_id"] == lacking[0], "spoken_of"])
    found = (
        f"{len(lacking):,} of {len(counts):,} train rows lack lines of some {'classes' if of_labels else 'numbers'}, "
        f"such as `{lacking[0]}`, which has {listed(sorted(there), SHOWN)} and lacks "
        f"{listed((name for name in names if name not in there), SHOWN)}"
    )
    if not of_labels:
        yield f"{found}; what is missing counts nowhere. {IN_COMMON} if rows should have all."
    elif 2 * len(lacking) > len(counts):
        raise Refusal(
            f"{found}. These would count as 0, although the table writes 0s. {IN_COMMON}. Or, where a missing line "
            "does mean 0, leave out the lines of 0 in a function of your own (docs/own-code.md), and rows "
            "without another line with them."
        )
    else:
        yield (
            f"{found}; these count as 0. {IN_COMMON}, or leave these rows out in a function of your own "
            "(docs/own-code.md)."
        )
