"""What a grader would not accept among fields of a submission: the first row of a block that violates its form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64

SUM_TOLERANCE = 1e-6
NUMBER = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"
SPACE = " "


@dataclass(frozen=True)
class Violation:
    position: int
    """Of the row in its block."""
    what: str


def earliest(violations: Iterable[Violation | None]) -> Violation | None:
    """Of those in the same row the first one."""
    return min((found for found in violations if found is not None), key=lambda found: found.position, default=None)


def in_texts(values: pd.Series, valid: pd.Series, wanted: str) -> Violation | None:
    wrong = ~valid.to_numpy(bool)
    if not wrong.any():
        return None
    position = int(np.argmax(wrong))
    return Violation(position, f"column `{values.name}` is {_shown(values.iloc[position])}, it must be {wanted}")


def numbers_in(columns: pd.DataFrame) -> Float64[np.ndarray, "rows columns"]:
    """NaN for what is none. A column with a single text is one of texts."""
    are_numbers = [columns[name].dtype.kind in "iuf" for name in columns]
    numbers = [
        columns[name] if is_number else pd.to_numeric(columns[name].astype("str"), errors="coerce")
        for name, is_number in zip(columns, are_numbers, strict=True)
    ]
    return np.column_stack([column.to_numpy(np.float64) for column in numbers])


def outside(
    columns: pd.DataFrame, numbers: Float64[np.ndarray, "rows columns"], bounds: tuple[float, float]
) -> Violation | None:
    # A comparison with NaN is false, so this form finds it too.
    wrong = ~((numbers >= bounds[0]) & (numbers <= bounds[1]) & np.isfinite(numbers))
    wanted = "a number" if np.isinf(bounds).any() else f"a number from {bounds[0]:g} to {bounds[1]:g}"
    return first_of(wrong, columns, numbers, wanted)


def first_of(
    wrong: Bool[np.ndarray, "rows columns"],
    columns: pd.DataFrame,
    numbers: Float64[np.ndarray, "rows columns"],
    wanted: str,
) -> Violation | None:
    if not wrong.any():
        return None
    position, column = divmod(int(np.argmax(wrong)), numbers.shape[1])
    number = numbers[position, column].item()
    shown = _shown(columns.iloc[position, column] if np.isnan(number) else number)
    return Violation(position, f"column `{columns.columns[column]}` is {shown}, it must be {wanted}")


def uneven(probabilities: Float64[np.ndarray, "rows columns"]) -> Violation | None:
    sums = probabilities.sum(axis=1)
    wrong = np.abs(sums - 1) > SUM_TOLERANCE
    if not wrong.any():
        return None
    position = int(np.argmax(wrong))
    return Violation(position, f"its probabilities sum to {sums[position]:.9g}, not to one within {SUM_TOLERANCE}")


def _shown(value: object) -> str:
    return "empty" if value is None or value != value else repr(value)
