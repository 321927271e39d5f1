"""What all forms of predictions share: a form says what the numbers of a row are, and how a person reads them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Float32, Float64

from foldline.ensembling.log_losses import row_losses
from foldline.params.section import Word

if TYPE_CHECKING:
    from foldline.ensembling.scales import Scale

Claims = tuple[Float32[np.ndarray, " claims"], Float64[np.ndarray, " claims"]]
"""The probabilities of claims, and whether each came true: 0 or 1, or a share."""


class FormKind(Word):
    """What a row's numbers are."""

    kind: Any
    scale: ClassVar[type["Scale"]]
    """Of its scores."""
    has_probabilities: ClassVar[bool] = True
    adds_up: ClassVar[bool] = False
    """Whether they are distributions, each of which sums to one."""
    is_one_distribution: ClassVar[bool] = False
    loss_name: ClassVar[str] = "log loss"
    """Of `row_losses`."""

    def width(self, classes: int) -> int:
        """How many numbers a row has. Raises ValueError where there cannot be so many classes."""
        return classes

    def distributions(self, outputs: int) -> tuple[int, ...]:
        """How many classes each of a row's distributions has."""
        return (outputs,)

    def named(self, predictions: np.ndarray) -> np.ndarray | None:
        """Which classes the rows name; None where they are numbers."""
        return None

    def row_losses(self, predictions: np.ndarray, targets: np.ndarray) -> Float64[np.ndarray, " rows"]:
        """What each row costs, whatever the metric. targets: in the form of files/rows.py, each a class of the
        predictions."""
        return row_losses(predictions, targets)

    def unsureness(self, predictions: np.ndarray) -> Float64[np.ndarray, " rows"] | None:
        """From 0 to 1, how near each row is to be answered otherwise; None where they are numbers."""
        return None

    def shown(self, predictions: np.ndarray, names: Sequence[str]) -> list[str]:
        """A few words per row, for a person to read. names: of the classes."""
        return [listed_numbers(row, names if len(row) > 1 else [""], np.arange(len(row))) for row in predictions]

    def claims(self, predictions: np.ndarray, targets: np.ndarray) -> Claims:
        """Of forms that have probabilities. targets: in the form of files/rows.py; a label that is missing claims
        nothing."""
        raise NotImplementedError

    def claimed(self, classes: Sequence[str]) -> str:
        """What `claims` say, in words."""
        return "that a column's label is the likeliest"


def listed_numbers(row: np.ndarray, names: Sequence[str], positions: np.ndarray) -> str:
    return ", ".join(f"{names[at]} {row[at]:.3g}".strip() for at in positions)
