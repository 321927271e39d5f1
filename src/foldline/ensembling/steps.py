"""A step of post-processing.

A step is one class: its fields are its keys in params.yaml. `on` tells a copy of it what the rows are. It is fitted on
out-of-fold rows; what it makes of predictions it makes row by row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Int64
from pydantic import PrivateAttr

from foldline.ensembling.scales import Inputs, Scale
from foldline.ensembling.scoring import Gain, Scorer, no_gain
from foldline.files.compact import CompactArray, array_at, blank_rows, compact_array, rows_at
from foldline.metrics.metric_and_rule import MetricKind
from foldline.params.section import Section

Folds = Int64[np.ndarray, " rows"]


@dataclass(frozen=True)
class Context:
    """What a step must know of the arrays that it takes."""

    scale: Scale
    scorer: Scorer
    classes: int
    """How many there are."""
    names: tuple[str, ...] = ()
    """Of the members, where a step tells these apart."""
    blends: bool = False
    """Whether the members are finished runs, of which predictions are made and not scores."""


class Step(Section):
    name: ClassVar[str]
    is_given: ClassVar[bool] = False
    """Whether the setting is the person's own: nothing is fitted, and it is applied even where it costs."""
    is_none: ClassVar[bool] = False
    """Whether it stands for doing without."""
    goes_on: ClassVar[bool] = False
    """Whether others of its kind may follow at once: these take the same inputs, and only the last one is applied. The
    next step takes what it gives as fitted, and not cross-fitted."""
    _on: Context = PrivateAttr()

    def on(self, context: Context) -> "Step":
        known = self.model_copy()
        known._on = context
        return known

    def planned(self, context: Context) -> tuple[list["Step"], list[Gain]]:
        """The step, or a row that says why it is left out. Raises Refusal where the person must choose another."""
        if self.is_none:
            return [], []
        step = self.on(context)
        useless = step.useless()
        return ([step], []) if useless is None else ([], [no_gain(step.name, useless)])

    def useless(self) -> str | None:
        """Why it cannot help, or None."""
        return None

    @property
    def metric(self) -> MetricKind:
        return self._on.scorer.metric

    @property
    def title(self) -> str:
        return self.name

    @property
    def note(self) -> str | None:
        """What a reader of its gain must know."""
        return None

    def default(self) -> Any:
        """The setting that is used where the step is not applied: it changes nothing, or is the obvious choice."""
        raise NotImplementedError

    def fit_data(self, inputs: Inputs, targets: np.ndarray) -> np.ndarray:
        """All that `fit` must know of a row, (rows, ...)."""
        return stacked(inputs)

    def fit(self, data: np.ndarray, targets: np.ndarray) -> Any:
        """From some rows' `fit_data` to a setting: a rule, or what JSON can hold."""
        raise NotImplementedError

    def apply(self, setting: Any, inputs: Inputs) -> Inputs:
        raise NotImplementedError

    def describe(self, setting: Any) -> str:
        """A setting in a few words."""
        raise NotImplementedError

    def objection(self, setting: Any) -> str | None:
        """Why a setting is not applied although it gains, or None."""
        return None

    def predictions(self, outputs: Inputs) -> np.ndarray:
        """Of the step's outputs."""
        return self._on.scale.predictions(self._on.scale.mean(outputs))

    def answers(self, outputs: Inputs) -> np.ndarray:
        """What the metric scores of the step's outputs."""
        return self._on.scorer.answers(self.predictions(outputs))

    def following(self, setting: Any) -> "Step | None":
        """Of a step that `goes_on`: the next one, given the setting that this one goes on with."""
        return None


def stacked(inputs: Inputs) -> np.ndarray:
    """Arrays (rows, outputs) as one of (rows, arrays, outputs), compact if they are."""
    first = inputs[0]
    if not isinstance(first, CompactArray):
        return np.stack(inputs, axis=1)
    records = [one.records for one in inputs if isinstance(one, CompactArray)]
    return compact_array(np.stack(records, axis=1), first.shape[-1], first.scale)


def apart(together: np.ndarray) -> Inputs:
    """The arrays (rows, outputs) that were stacked."""
    return tuple(array_at(together, position) for position in range(together.shape[1]))


def inputs_at(inputs: Inputs, rows: np.ndarray) -> Inputs:
    return tuple(rows_at(array, rows) for array in inputs)


def by_fold(folds: Folds, outputs_of: Callable[[int, Int64[np.ndarray, " fold_rows"]], Inputs]) -> Inputs:
    """What `outputs_of` gives of each fold and the positions of its rows, in the order of all rows."""
    together: list[np.ndarray] = []
    for fold in np.unique(folds).tolist():
        rows = np.flatnonzero(folds == fold)
        outputs = outputs_of(fold, rows)
        if not together:
            together = [blank_rows(output, len(folds)) for output in outputs]
        for whole, output in zip(together, outputs, strict=True):
            whole[rows] = output
    return tuple(together)


TWO_FOLDS = "not in the out-of-fold score, which needs at least 3 folds to estimate it"
