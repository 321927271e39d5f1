"""`training.parquet`: what trainings learn from. `split` writes it from the graded targets of all rows with a fold.

Whatever alters a label, leaves a row out or adds one (relabelling, pseudo-labels, distillation) alters this table and
never the graded targets (`targets.npy`): validation, grading and gains read those alone.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from jaxtyping import Float32, Int64, Integer
from scipy.sparse import csr_array

from foldline.files.hashes import require_intact
from foldline.files.reading import reading
from foldline.files.refusal import Refusal
from foldline.files.rows import NO_TARGET, Targets
from foldline.files.whole_files import numbers_file

SCHEMA = pa.schema(
    [
        ("row", pa.int64()),
        ("classes", pa.list_(pa.int32())),
        ("values", pa.list_(pa.float32())),
        ("weight", pa.float32()),
        ("source", pa.string()),
    ]
)
"""row: its position in rows.parquet; a row may have several entries here. classes, values: its soft target, lists of
equal length: a share per class, or a number (NaN where it is missing); 0 for each class that is not listed.
weight: what the entry counts in the loss. source: where the target comes from."""
GRADED = "graded"
"""The source of an entry whose target is the row's own."""
CURE = "Run `dvc repro -f -s split`."


@dataclass(frozen=True)
class TrainingTable:
    rows: Int64[np.ndarray, " entries"]
    targets: csr_array
    """float32 (entries, classes), as `soft_targets` makes them."""
    weights: Float32[np.ndarray, " entries"]
    sources: tuple[str, ...]


def graded_entries(rows: Int64[np.ndarray, " entries"], targets: Targets, classes: int) -> TrainingTable:
    """Each of `rows` once, with its own target. targets: of all train rows."""
    soft = soft_targets(targets[rows], classes)
    return TrainingTable(rows, soft, np.ones(len(rows), np.float32), (GRADED,) * len(rows))


def soft_targets(graded: Targets, classes: int) -> csr_array:
    """float32 (rows, classes): 1 for each class that a row has, or the shares or numbers that it has. graded: in the
    form of files/rows.py."""
    if graded.dtype != np.int64:
        return csr_array(graded.astype(np.float32))
    labels = graded.reshape(len(graded), -1)
    known = np.nonzero(labels != NO_TARGET)
    return csr_array((np.ones(len(known[0]), np.float32), (known[0], labels[known])), shape=(len(graded), classes))


def write_training_table(path: Path, table: TrainingTable) -> None:
    starts = pa.array(table.targets.indptr, pa.int32())
    columns = (
        table.rows,
        pa.ListArray.from_arrays(starts, pa.array(table.targets.indices, pa.int32())),
        pa.ListArray.from_arrays(starts, pa.array(table.targets.data)),
        table.weights,
        table.sources,
    )
    with numbers_file(path) as partial:
        parquet.write_table(pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA), partial)


def read_training_table(path: Path, rows: int, classes: int) -> TrainingTable:
    """rows: how many rows.parquet has. Raises Refusal where the file is of other rows or classes."""
    with reading(path, "a training table", CURE):
        require_intact(path)
        found = parquet.read_table(path, schema=SCHEMA)
    return _parsed(path, found, rows, classes)


def _parsed(path: Path, found: pa.Table, rows: int, classes: int) -> TrainingTable:
    row, labels, values, weight, source = (column.combine_chunks() for column in found.columns)
    if not len(row):
        raise Refusal(f"{path} has no entry to learn from. {CURE}")
    parts = (*found.columns, labels.flatten(), values.flatten())
    if any(part.null_count for part in parts) or not labels.value_lengths().equals(values.value_lengths()):
        raise Refusal(f"{path} has gaps, or targets without a value. {CURE}")
    lengths, flat = labels.value_lengths().to_numpy(), labels.flatten().to_numpy()
    if not (_below(rows, row.to_numpy()) and _below(classes, flat) and _are_weights(weight.to_numpy())):
        raise Refusal(
            f"{path} has rows or classes that the {rows:,} rows and {classes:,} classes of rows.parquet and "
            f"classes.json do not have, or weights that are negative or not finite: they are of different runs. {CURE}"
        )
    if np.isinf(values.flatten().to_numpy()).any():
        raise Refusal(f"{path} has targets that are infinite. {CURE}")
    starts = np.concatenate([[0], np.cumsum(lengths)])
    targets = csr_array((values.flatten().to_numpy(), flat, starts), shape=(len(row), classes))
    return TrainingTable(row.to_numpy(), targets, weight.to_numpy(), tuple(source.to_pylist()))


def _are_weights(numbers: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(numbers) & (numbers >= 0)))


def _below(count: int, positions: Integer[np.ndarray, " positions"]) -> bool:
    return bool(np.all((positions >= 0) & (positions < count)))
