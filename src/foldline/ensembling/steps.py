"""A step of post-processing: something that may be fitted on out-of-fold rows, and what stands in when it is not."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Shaped

from foldline.ensembling.scales import Inputs
from foldline.files.compact import CompactArray, array_at, compact_array
from foldline.metrics.metric import Metric

Rows = Shaped[np.ndarray, "rows ..."]


def only(inputs: Inputs) -> np.ndarray:
    """One array is itself, whatever its type: a rule's answers have no mean."""
    (one,) = inputs
    return one


@dataclass(frozen=True)
class Judge:
    """What predictions score."""

    metric: Metric
    answers: Callable[[np.ndarray], np.ndarray]
    """From predictions to what the metric scores: a rule, or the predictions themselves."""
    read: Callable[[Inputs], np.ndarray] = only
    """From a step's outputs, of several members maybe, to predictions."""

    def score(self, targets: np.ndarray, predictions: np.ndarray) -> float:
        return self.metric.score(targets, self.answers(predictions))


def _no_objection(setting: Any) -> None:
    return None


def _nothing_more(setting: Any) -> None:
    return None


def stacked(inputs: Inputs, targets: np.ndarray | None = None) -> np.ndarray:
    """Arrays (rows, outputs) as one of (rows, arrays, outputs), compact if they are."""
    first = inputs[0]
    if not isinstance(first, CompactArray):
        return np.stack(inputs, axis=1)
    records = [one.records for one in inputs if isinstance(one, CompactArray)]
    return compact_array(np.stack(records, axis=1), first.shape[-1], first.scale)


def apart(together: np.ndarray) -> Inputs:
    """The arrays (rows, outputs) that were stacked."""
    return tuple(array_at(together, place) for place in range(together.shape[1]))


@dataclass(frozen=True)
class Step:
    """`apply(setting, inputs)` works row by row; the setting is `default`, or what `fit` finds on some rows."""

    name: str
    default: Any
    """The setting that is used where the step is not kept: it changes nothing, or is the obvious choice."""
    fit: Callable[[np.ndarray, np.ndarray], Any]
    """From the rows' evidence and targets to a setting."""
    apply: Callable[[Any, Inputs], Inputs]
    judge: Judge
    """Of the step's outputs."""
    describe: Callable[[Any], str]
    """A setting in a few words."""
    evidence: Callable[[Inputs, np.ndarray], np.ndarray] = field(default=stacked)
    """All that `fit` must know of a row, (rows, ...): from the inputs and the targets."""
    objection: Callable[[Any], str | None] = field(default=_no_objection)
    """Why a setting is not kept although it gains, or None."""
    judged: Callable[[Inputs], Inputs] | None = None
    """The predictions in outputs that hold more than these, for the step that follows at once. What they hold depends
    on the setting, so rows go on as fitted, and not cross-fitted."""
    then: Callable[[Any], "Step | None"] = field(default=_nothing_more)
    """The step that follows at once, given the setting that this one goes on with; None where there is none."""
    note: str | None = None
    """What a reader of its gain must know."""
    given: bool = False
    """Whether the setting is the person's own: nothing is fitted, and it is kept even where it costs."""
