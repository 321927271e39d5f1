"""From a row's target to what a model learns and a metric scores."""

import re

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.archives import Archives
from foldline.cards.submission import ClassProbabilities, Submission
from foldline.cards.target import Target
from foldline.competition.source_tables import read_header
from foldline.refusal import Refusal, listed

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?")
NO_TARGET = -1


def find_classes(archives: Archives, rows: pd.DataFrame, submission: Submission) -> tuple[str, ...]:
    """The classes in the order of a model's outputs: the sample submission's columns, or else the sorted train labels.

    Raises Refusal when a train label is not among the sample submission's columns.
    """
    labels = set(rows["target"].dropna())
    if not isinstance(submission, ClassProbabilities):
        return sorted_labels(labels)
    classes = tuple(name for name in read_header(archives, submission.sample) if name != submission.id)
    unknown = sorted_labels(labels - set(classes))
    if unknown:
        raise Refusal(
            f"{submission.sample} has no column for {len(unknown)} of the train labels: {listed(unknown)}. "
            f"Its columns without a train row: {listed(sorted_labels(set(classes) - labels))}. "
            "Correct target.column or submission.sample in the card."
        )
    return classes


def sorted_labels(labels: set[str]) -> tuple[str, ...]:
    """By number when all labels are numbers (2 before 10), else as text."""
    if all(NUMBER.fullmatch(label) for label in labels):
        return tuple(sorted(labels, key=lambda label: (float(label), label)))
    return tuple(sorted(labels))


def encode(rows: pd.DataFrame, classes: tuple[str, ...], target: Target) -> Int64[np.ndarray, " rows"]:
    """Each row's class as its position in `classes`, NO_TARGET for rows without a target: the test rows.

    Raises Refusal when a row has a class that is not among `classes`.
    """
    codes = pd.Index(classes, dtype="str").get_indexer(pd.Index(rows["target"], dtype="str"))
    unknown = (codes == NO_TARGET) & rows["target"].notna().to_numpy()
    if unknown.any():
        found = sorted_labels(set(rows.loc[unknown, "target"]))
        raise Refusal(
            f"Column `{target.column}`: {listed(found)} is not among the {len(classes)} classes ({listed(classes)}). "
            "rows.parquet and classes.json are of different runs: run `dvc repro -f -s prepare`."
        )
    return codes.astype(np.int64)
