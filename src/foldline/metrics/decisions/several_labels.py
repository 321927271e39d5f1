"""Several labels per row, one for each column of the target."""

from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Int64
from pydantic import Field

from foldline.files.class_names import column_slices
from foldline.metrics.decisions.labels import MostProbable, WeightedClasses
from foldline.metrics.metric_and_rule import MetricKind, RuleKind


class LabelOfEach(RuleKind):
    """Each column's label by the rule for it, of that column's classes alone."""

    kind: Literal["label_of_each"]
    sizes: tuple[int, ...]
    """How many classes each column has; they follow each other."""
    rules: tuple[Annotated[MostProbable | WeightedClasses, Field(discriminator="kind")], ...]

    def __call__(self, predictions: Float32[np.ndarray, "rows classes"]) -> Int64[np.ndarray, "rows columns"]:
        """Positions among all classes."""
        parts = zip(self.rules, column_slices(self.sizes), strict=True)
        return np.column_stack([mine.start + rule(predictions[:, mine]) for rule, mine in parts])

    def fitted(
        self,
        metric: MetricKind,
        predictions: Float32[np.ndarray, "rows classes"],
        targets: Int64[np.ndarray, "rows columns"],
        classes: int,
    ) -> RuleKind:
        """Each column's rule by the rows that have a label there."""
        likeliest, rules = MostProbable(kind="most_probable"), []
        for column, mine in enumerate(column_slices(self.sizes)):
            known = targets[:, column] >= 0
            labels = targets[known, column] - mine.start
            fit = metric.fit_labels(predictions[known, mine], labels, mine.stop - mine.start) if len(labels) else None
            rules.append(fit or likeliest)
        return self.model_copy(update={"rules": tuple(rules)})


def likeliest_of_each(sizes: tuple[int, ...]) -> LabelOfEach:
    return LabelOfEach(kind="label_of_each", sizes=sizes, rules=(MostProbable(kind="most_probable"),) * len(sizes))
