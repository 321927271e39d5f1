"""What the columns of the sample submission say of a target's classes."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from foldline.files.refusal import Refusal, listed, marked

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
Per = Literal["row", "answer", "class", "label", "output"]


@dataclass(frozen=True)
class SampleColumns:
    file: str
    per: Per
    """What a predicted column stands for."""
    predicted: tuple[str, ...]
    """In the file's order."""
    may_have_ids: bool = False
    """Whether one of them may be a column of ids, since lines stand for the test rows."""

    def names(self, per: Per, known: set[str], all_known: bool) -> tuple[str, ...]:
        """In their order; nothing where the form of submission has no column per class, answer or label.

        all_known: whether `known` are all that there are; else the test set may have more than train. Raises Refusal
        where the columns are other ones.
        """
        if self.per != per:
            return ()
        refuse_other_columns(self.file, self.predicted, known, all_known or self.may_have_ids)
        return self.predicted


def refuse_other_columns(file: str, predicted: tuple[str, ...], known: set[str], all_known: bool = True) -> None:
    """Raises Refusal where one of `known` has no column, or, where these are all, a column is of none of them."""
    unknown, surplus = sorted_labels(known - set(predicted)), sorted_labels(set(predicted) - known)
    if not unknown and not (all_known and surplus):
        return
    no_column = f"has no column for {len(unknown)} of the train labels: {listed(marked(unknown))}."
    no_row = f"has columns without a train row: {listed(marked(surplus))}."
    found = " It ".join(half for half, some in ((no_column, unknown), (no_row, surplus)) if some)
    lines = " Where it has a line per row and class, submission.kind is `lines`." if len(predicted) == 1 else ""
    raise Refusal(
        f"{file} {found}{lines} Correct the card's target or submission; where they are the same by other names, "
        "rename the columns, or replace the labels, in a function of your own (docs/own-code.md)."
    )


def sorted_labels(labels: Collection[str]) -> tuple[str, ...]:
    """By number when all labels are numbers (2 before 10), else as text."""
    if all(NUMBER.fullmatch(label) for label in labels):
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    return tuple(sorted(labels))
