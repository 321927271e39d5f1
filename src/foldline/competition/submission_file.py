"""Writing a submission: the sample's rows and columns in its order, what a rule makes of the predictions."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
from jaxtyping import Float32, Int64

from foldline.card.forms.form import Form, Sample
from foldline.card.target import Target
from foldline.competition.sample import line_positions
from foldline.files.arrays import gather, row_blocks, take
from foldline.files.progress import progress
from foldline.files.refusal import Refusal, counted, listed
from foldline.metrics.decisions.rules import Rule


@runtime_checkable
class Predictions(Protocol):
    """What is predicted of the test rows."""

    @property
    def test(self) -> Float32[np.ndarray, "rows outputs"]: ...

    @property
    def test_ids(self) -> Sequence[str]: ...

    @property
    def classes(self) -> tuple[str, ...]: ...


def write_submission(
    path: Path, sample: Sample, predictions: Predictions, rule: Rule, form: Form, target: Target
) -> None:
    """Write the csv, block by block. An id that repeats in the sample gets the same prediction each time.

    Numbers are written as the shortest text that reads back as the same float32: rows of probabilities sum to one
    within 1e-7. Raises Refusal when the sample has an id or a class without a prediction.
    """
    asked = target.asked_names(predictions.classes)
    rows, asked_positions = _rows_and_positions(sample, predictions, form, asked)
    columns, names = sample.predicted(form), target.answer_names(predictions.classes)
    form.refuse_unwritable(names, sample.shown_labels)
    # Answers point at the classes in the predictions' order, columns stand in the sample's.
    ours = form.titles(predictions.classes, target, columns)
    if set(ours) != set(columns):
        raise _other_columns(columns, ours)
    # A rule picks from compact predictions as they are; a column per class takes all classes of a block.
    read = take if form.takes_all_classes else gather
    with path.open("wb") as file:
        if sample.has_header:
            file.write(_header(["" if name in sample.nameless else name for name in sample.columns]))
        for block in progress(list(row_blocks((len(rows), predictions.test.shape[1]))), desc="format", unit="block"):
            answers = form.asked_for(rule(read(predictions.test, rows[block])), asked_positions[block], len(asked))
            values = dict(zip(ours, form.columns(answers, names, target), strict=True))
            table = pd.DataFrame({form.id: sample.ids.iloc[block].to_numpy(), **values})
            if sample.copied is not None:
                table = table.join(sample.copied.iloc[block].reset_index(drop=True))
            _write_block(file, table[list(sample.columns)])


def _rows_and_positions(
    sample: Sample, predictions: Predictions, form: Form, asked: tuple[str, ...]
) -> tuple[Int64[np.ndarray, " lines"], Int64[np.ndarray, " lines"]]:
    """Of each of the sample's lines the row among the predictions, and which of `asked` where there is one for each."""
    row_ids = pd.Series(predictions.test_ids, dtype="str")
    positions = line_positions(sample, row_ids, asked, form)
    absent = sample.ids[positions < 0]
    if len(absent):
        raise Refusal(
            f"{counted(len(absent), 'id of the sample submission has', 'ids of the sample submission have')} no "
            f"prediction: {listed(absent)}. Predicted are the rows {listed(row_ids, 3)} with {listed(asked, 3)}. Make "
            "the card's layout.test and submission name the same rows."
        )
    rows, asked_positions = np.divmod(positions, form.lines_per_row(asked))
    return rows, asked_positions


def _other_columns(columns: tuple[str, ...], classes: tuple[str, ...]) -> Refusal:
    return Refusal(
        f"The sample submission's columns without a class: {listed(sorted(set(columns) - set(classes)))}; "
        f"classes without a column: {listed(sorted(set(classes) - set(columns)))}. Run `dvc repro` again."
    )


def _header(columns: Sequence[str]) -> bytes:
    text = io.StringIO()
    # Of line ends Python's csv puts only its own one in quotes.
    quoting = csv.QUOTE_ALL if any("\r" in name for name in columns) else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator="\n", quoting=quoting).writerow(columns)
    return text.getvalue().encode()


def _write_block(file: BinaryIO, table: pd.DataFrame) -> None:
    # Arrow is several times faster than pandas, but quotes either every text or none.
    texts = table.select_dtypes(["object", "str"])
    special = any(texts[name].str.contains('[",\r\n]').any() for name in texts)
    options = pyarrow.csv.WriteOptions(include_header=False, quoting_style="needed" if special else "none")
    pyarrow.csv.write_csv(pa.Table.from_pandas(table, preserve_index=False), file, options)
