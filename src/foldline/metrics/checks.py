"""What is refused of rows, weights and predictions before anything is scored or decided."""

import numpy as np
from jaxtyping import Float, Float64

from foldline.files.arrays import row_blocks, take
from foldline.files.refusal import Refusal


def require_rows(targets: np.ndarray) -> None:
    if not len(targets):
        raise Refusal("There are no rows to score. Do the listed folds hold any rows (`folds` in params.yaml)?")


def require_weights(weights: Float64[np.ndarray, " rows"]) -> None:
    """A number for each row, none below 0, and not all of them 0."""
    good = (weights >= 0) & np.isfinite(weights)
    if not good.all():
        row = int(np.argmin(good))
        raise Refusal(f"The weight of row {row} is {weights[row]:g}: a weight is a number of 0 or more.")
    if not weights.any():
        raise Refusal("There are no rows to score: all weigh 0.")


def require_probabilities(predictions: Float[np.ndarray, "rows outputs"]) -> None:
    for block in row_blocks(predictions.shape):
        checked_block(predictions, block)


def checked_block(predictions: Float[np.ndarray, "rows outputs"], block: slice) -> Float[np.ndarray, "some outputs"]:
    """Some rows of probabilities that may be compact or lie in a file."""
    rows = take(predictions, block)
    # A comparison with NaN is false, so this form finds it too.
    good = (rows >= 0).all(axis=1) & (rows <= 1).all(axis=1)
    if not good.all():
        row = int(np.argmin(good))
        raise Refusal(
            f"The predictions of row {block.start + row} cannot be scored: they hold NaN, or values outside 0 .. 1 "
            f"({rows[row].min():.6g} .. {rows[row].max():.6g}). Train or predict again."
        )
    return rows


def require_finite(values: Float[np.ndarray, "rows columns"]) -> None:
    good = np.isfinite(values)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise Refusal(f"The value of row {row} cannot be scored: it is {values[row, column]}. Train or predict again.")
