"""The csv of `foldline predict`: of each picture of a folder its path, what is predicted, and how probable each is."""

from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Bool

from foldline.card.target import Target
from foldline.ensembling.predictions import Predictions
from foldline.files.arrays import gather, row_blocks, take
from foldline.files.compact import CompactArray, numbers_per_row
from foldline.files.whole_files import whole_file
from foldline.metrics.decisions.rules import Rule

BETWEEN = ";"
"""Labels of one picture."""


def write_pictures(
    path: Path, predictions: Predictions, rule: Rule, target: Target, readable: Bool[np.ndarray, " rows"]
) -> list[str]:
    """Write a line per picture, in blocks; those that are not readable have a path and nothing else. The columns."""
    columns: list[str] = []
    with whole_file(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        for block in row_blocks((len(readable), numbers_per_row(predictions.test))):
            rows = np.arange(len(readable))[block]
            table = _table(gather(predictions.test, rows), predictions, rule, target)
            table.loc[~readable[block]] = np.nan
            table.insert(0, "path", predictions.test_ids[block], allow_duplicates=True)
            columns = list(map(str, table))
            table.to_csv(file, index=False, header=block.start == 0, lineterminator="\n")
    return columns


def _table(values: np.ndarray, predictions: Predictions, rule: Rule, target: Target) -> pd.DataFrame:
    """Of a block: answers, in words or numbers, and then what they were made of, unless that is very much."""
    classes, names = predictions.classes, np.array(target.answer_names(predictions.classes), dtype=object)
    answers, asked = rule(values), target.asked_names(classes)
    named = answers if answers.dtype in (np.int64, np.bool_) else predictions.form.named(values)
    if named is None:
        return pd.DataFrame(answers.reshape(len(values), -1), columns=_numbers(classes, answers))
    if named.ndim == 1:
        said = pd.DataFrame({"prediction": names[named.astype(np.int64)]})
    elif asked != classes:
        said = pd.DataFrame(names[named], columns=list(asked))
    else:
        chosen = [np.flatnonzero(row) if row.dtype == np.bool_ else row[row >= 0] for row in named]
        said = pd.DataFrame({"prediction": [BETWEEN.join(names[row]) for row in chosen]})
    if isinstance(values, CompactArray):
        return said.assign(probability=values.top(1)[1][:, 0])
    numbers = pd.DataFrame(take(values, slice(None)), columns=_numbers(classes, values))
    return pd.concat([said, numbers], axis=1)  # a class may be called `prediction`, too


def _numbers(classes: tuple[str, ...], values: np.ndarray) -> list[str]:
    """What the numbers of a row are called."""
    return list(classes) if values.ndim > 1 and values.shape[1] == len(classes) else ["value"]
