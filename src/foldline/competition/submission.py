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
from foldline.competition.decisions.labels import most_probable
from foldline.competition.sample import Sample
from foldline.refusal import Refusal, listed
from foldline.tables.arrays import row_blocks, take
from foldline.tables.probabilities import Probabilities


def write_submission(path: Path, sample: Sample, predictions: Probabilities, form: Submission) -> None:
    """Write the csv, block by block. An id that repeats in the sample gets the same prediction each time.

    Probabilities are written as the shortest text that reads back as the same float32: rows sum to one within 1e-7.
    Raises Refusal when the sample has an id or a class without a prediction.
    """
    positions = _positions(sample, predictions)
    names, classes = sample.predicted(form), predictions.classes
    order = None if isinstance(form, HardLabel) else _class_order(names, classes)
    with path.open("wb") as file:
        file.write(_header(sample.columns))
        for block in tqdm(list(row_blocks((len(positions), len(classes)))), desc="format", unit="block"):
            probabilities = take(predictions.test, positions[block])
            values = [_labels(probabilities, classes)] if order is None else _normalised(probabilities[:, order]).T
            table = pd.DataFrame({form.id: sample.ids.iloc[block].to_numpy(), **dict(zip(names, values, strict=True))})
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


def _normalised(values: Float32[np.ndarray, "rows classes"]) -> Float32[np.ndarray, "rows classes"]:
    """`values` with each row summing to one; divided in float64, so that only the last rounding remains."""
    wide = values.astype(np.float64)
    return (wide / wide.sum(axis=1, keepdims=True)).astype(np.float32)


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
