"""Writing a submission: the sample's rows and columns in its order, the predictions' values."""

import csv
import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Float32, Int64
from tqdm import tqdm

from foldline.cards.submission import HardLabel, Submission
from foldline.competition.decisions import most_probable
from foldline.competition.sample import Sample
from foldline.refusal import Refusal, listed
from foldline.tables.arrays import row_blocks, take
from foldline.tables.probabilities import Probabilities

SUM_TOLERANCE = 1e-3
"""Rounding in float32 is evened out; a row further from one than this is a mistake and is refused."""


def write_submission(path: Path, sample: Sample, predictions: Probabilities, form: Submission) -> None:
    """Write the csv, block by block. An id that repeats in the sample gets the same prediction each time.

    Probabilities are written as the shortest text that reads back as the same float32: rows sum to one within 1e-7.
    Raises Refusal when the sample has an id or a class without a prediction, or when a row is no distribution.
    """
    positions = _positions(sample, predictions)
    names = sample.predicted(form)
    labels = isinstance(form, HardLabel)
    order = np.arange(len(predictions.classes)) if labels else _class_order(names, predictions.classes)
    with path.open("wb") as file:
        file.write(_header(sample.columns))
        for block in tqdm(list(row_blocks((len(positions), len(order)))), desc="format", unit="block"):
            ids = sample.ids.iloc[block]
            probabilities = _distributions(take(predictions.test, positions[block])[:, order], ids)
            values = [_labels(probabilities, predictions.classes)] if labels else list(probabilities.T)
            table = pd.DataFrame({form.id: ids.to_numpy(), **dict(zip(names, values, strict=True))})
            _write_block(file, table[list(sample.columns)])


def _positions(sample: Sample, predictions: Probabilities) -> Int64[np.ndarray, " rows"]:
    positions = pd.Index(predictions.test_ids, dtype="str").get_indexer(pd.Index(sample.ids, dtype="str"))
    absent = sample.ids[positions < 0]
    if len(absent):
        raise Refusal(
            f"{len(absent)} ids of the sample submission have no prediction: {listed(absent)}. The predicted ids are "
            f"{listed(predictions.test_ids, 3)}. Make the card's layout.test and submission.sample name the same rows."
        )
    return positions.astype(np.int64)


def _class_order(columns: tuple[str, ...], classes: tuple[str, ...]) -> Int64[np.ndarray, " classes"]:
    if set(columns) != set(classes):
        raise Refusal(
            f"The sample submission's columns without a class: {listed(sorted(set(columns) - set(classes)))}; "
            f"classes without a column: {listed(sorted(set(classes) - set(columns)))}. Run `dvc repro` again."
        )
    return pd.Index(classes).get_indexer(pd.Index(columns)).astype(np.int64)


def _distributions(values: Float32[np.ndarray, "rows classes"], ids: pd.Series) -> Float32[np.ndarray, "rows classes"]:
    """`values` with each row summing to one; divided in float64, so that only the last rounding remains."""
    wide = values.astype(np.float64)
    sums = wide.sum(axis=1)
    wrong = ~((np.abs(sums - 1) <= SUM_TOLERANCE) & (wide >= 0).all(axis=1))
    if wrong.any():
        first = int(np.argmax(wrong))
        raise Refusal(
            f"The predictions of {int(wrong.sum())} rows are no distribution, the first is `{ids.iloc[first]}`: sum "
            f"{sums[first]:.6g}, smallest {wide[first].min():.6g}. Run `dvc repro -f -s ensemble clip`."
        )
    return (wide / sums[:, None]).astype(np.float32)


def _labels(probabilities: Float32[np.ndarray, "rows classes"], classes: tuple[str, ...]) -> np.ndarray:
    return np.asarray(classes, dtype=object)[most_probable(probabilities)]


def _header(columns: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(columns)
    return text.getvalue().encode()


def _write_block(file: BinaryIO, table: pd.DataFrame) -> None:
    # Arrow is several times faster than pandas, but quotes either every text or none.
    texts = table.select_dtypes(["object", "str"])
    special = any(texts[name].str.contains('[",\r\n]').any() for name in texts)
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed" if special else "none")
    pyarrow.csv.write_csv(pa.Table.from_pandas(table, preserve_index=False), file, options)
