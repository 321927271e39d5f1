"""What no metric can score is refused, naming the row."""

import numpy as np

from foldline.files.refusal import Refusal


def require_rows(targets: np.ndarray) -> None:
    if not len(targets):
        raise Refusal("There are no rows to score. Do the listed folds hold any rows (`folds` in params.yaml)?")


def require_probabilities(rows: np.ndarray, start: int = 0) -> None:
    """`rows`: rows x outputs, the first of them being row `start` of all."""
    # A comparison with NaN is false, so this form finds it too.
    good = (rows >= 0).all(axis=1) & (rows <= 1).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        raise Refusal(
            f"The predictions of row {start + row} cannot be scored: they hold NaN, or values outside 0 .. 1 "
            f"({rows[row].min():.6g} .. {rows[row].max():.6g}). Train or predict again."
        )


def require_finite(values: np.ndarray) -> None:
    """`values`: rows x columns."""
    good = np.isfinite(values)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise Refusal(f"The value of row {row} cannot be scored: it is {values[row, column]}. Train or predict again.")
