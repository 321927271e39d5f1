"""Several labels per row, one for each column of the target."""

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Int64
from pydantic import Field

from foldline.files.class_names import column_slices
from foldline.metrics.decisions.labels import MostProbable, WeightedClasses
from foldline.params.section import Section


class LabelOfEach(Section):
    """Each column's label by the rule for it, of that column's classes alone."""

    kind: Literal["label_of_each"]
    sizes: tuple[int, ...]
    """How many classes each column has; they follow each other."""
    rules: tuple[Annotated[MostProbable | WeightedClasses, Field(discriminator="kind")], ...]

    def __call__(self, predictions: Float32[np.ndarray, "rows classes"]) -> Int64[np.ndarray, "rows columns"]:
        """Positions among all classes."""
        parts = zip(self.rules, column_slices(self.sizes), strict=True)
        return np.column_stack([mine.start + rule(predictions[:, mine]) for rule, mine in parts])


def likeliest_of_each(sizes: tuple[int, ...]) -> LabelOfEach:
    return LabelOfEach(kind="label_of_each", sizes=sizes, rules=(MostProbable(kind="most_probable"),) * len(sizes))
