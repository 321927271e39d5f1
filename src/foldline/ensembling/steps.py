"""A step of post-processing, and what a chain of them gains.

A step is one class: its fields are its keys in params.yaml. `on` tells a copy of it what the rows are. It is fitted on
out-of-fold rows; what it makes of predictions it makes row by row.

Each step, and the decision to apply it, is fitted without the rows that score it. An in-sample gain, on the rows that a
step was fitted on, is optimistic. The cross-validated gain is that on each fold when the step was fitted on the others,
as in nested cross-validation (Varma and Simon, Bias in error estimation when using cross-validation for model
selection, 2006; Cawley and Talbot, 2010). The chain hands on such rows, so that a later step is fitted on what it will
meet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Int64
from pydantic import PrivateAttr

from foldline.ensembling.scales import Inputs, Scale
from foldline.ensembling.scoring import Gain, Scorer, difference, no_gain, standard_error
from foldline.files.compact import CompactArray, array_at, blank_rows, compact_array, rows_at
from foldline.files.progress import progress
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
        """From some rows' `fit_data` to a setting."""
        raise NotImplementedError

    def apply(self, setting: Any, inputs: Inputs) -> Inputs:
        raise NotImplementedError

    def describe(self, setting: Any) -> str:
        """A setting in a few words."""
        raise NotImplementedError

    def objection(self, setting: Any) -> str | None:
        """Why a setting is not applied although it gains, or None."""
        return None

    def read(self, outputs: Inputs) -> np.ndarray:
        """What is scored of the step's outputs: predictions."""
        return self._on.scale.predictions(self._on.scale.mean(outputs))

    def score(self, targets: np.ndarray, read: np.ndarray) -> float:
        return self._on.scorer.score(targets, read)

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


@dataclass(frozen=True)
class FitData:
    """Rows to fit on."""

    inputs: Inputs
    targets: np.ndarray
    folds: Folds
    clusters: Int64[np.ndarray, " rows"]

    def at(self, rows: Bool[np.ndarray, " rows"]) -> "FitData":
        return FitData(inputs_at(self.inputs, rows), self.targets[rows], self.folds[rows], self.clusters[rows])


@dataclass(frozen=True)
class Decided:
    """A step with the setting that it goes on with: what was fitted when it is applied, else its default."""

    step: Step
    setting: Any


@dataclass(frozen=True)
class Chain:
    steps: tuple[Decided, ...]
    """Of those that follow others of their kind, the last one alone."""
    gains: tuple[Gain, ...] = ()
    """Of all that were tried."""

    def apply(self, inputs: Inputs) -> Inputs:
        for one in self.steps:
            inputs = one.step.apply(one.setting, inputs)
        return inputs

    def before(self, name: str) -> "Chain":
        """The steps of other names."""
        return Chain(tuple(one for one in self.steps if one.step.name != name))

    def setting(self, name: str, default: Any) -> Any:
        """What the step of this name goes on with; `default` where there is none."""
        return next((one.setting for one in self.steps if one.step.name == name), default)


@dataclass(frozen=True)
class NestedChain:
    """The chain for test rows, and for each fold the one that was fitted and decided without it."""

    whole: Chain
    without: dict[int, Chain]

    def cross_fitted(self, folds: Folds, inputs_of: Callable[[int, Int64[np.ndarray, " fold_rows"]], Inputs]) -> Inputs:
        """Each row through the chain that has not seen its fold. inputs_of: of a fold and the positions of its rows."""
        return by_fold(folds, lambda fold, rows: self.without[fold].apply(inputs_of(fold, rows)))

    def before(self, name: str) -> "NestedChain":
        return NestedChain(self.whole.before(name), {fold: one.before(name) for fold, one in self.without.items()})


TWO_FOLDS = "not in the out-of-fold score, which needs at least 3 folds to estimate it"


def fit_nested(steps: Sequence[Step], data: FitData, what: str) -> NestedChain:
    """`what` names the steps in the progress bar."""
    folds = np.unique(data.folds).tolist()
    if not steps:
        return NestedChain(Chain(()), dict.fromkeys(folds, Chain(())))
    bar = progress(folds, desc=f"{what}: without fold", unit="fold")
    without = {fold: fit_chain(steps, data.at(data.folds != fold)) for fold in bar}
    return NestedChain(fit_chain(steps, data, measure_given=True), without)


def fit_chain(steps: Sequence[Step], data: FitData, measure_given: bool = False) -> Chain:
    """Fit and decide on these rows alone. `measure_given`: also what the person's own settings gain, which decides
    nothing."""
    decided, gains = [], []
    for first in steps:
        one, gain, outputs = _decide(first, data, measure_given)
        gains.append(gain)
        while (following := one.step.following(one.setting)) is not None:
            one, gain, outputs = _decide(following, data, measure_given)
            gains.append(gain)
        decided.append(one)
        data = replace(data, inputs=outputs)
    return Chain(tuple(decided), tuple(gains))


def _decide(step: Step, data: FitData, measure_given: bool) -> tuple[Decided, Gain, Inputs]:
    """The step as it goes on, its gain, and its outputs for the next one: cross-fitted where it is
    applied, if they can be."""
    plain = step.apply(step.default(), data.inputs)
    if not step.is_given and len(np.unique(data.folds)) < 2:
        gain = no_gain(step.title, "needs at least 2 folds to estimate")
        return Decided(step, step.default()), gain, plain
    known = step.fit_data(data.inputs, data.targets)
    setting = step.fit(known, data.targets)
    fitted = step.apply(setting, data.inputs)
    if step.is_given and not measure_given:
        return Decided(step, setting), no_gain(step.title, "given"), fitted

    def without(fold: int, rows: Int64[np.ndarray, " fold_rows"]) -> Inputs:
        others = data.folds != fold
        return step.apply(step.fit(rows_at(known, others), data.targets[others]), inputs_at(data.inputs, rows))

    cross_fitted = fitted if step.is_given else by_fold(data.folds, without)
    gain = _gain(step, setting, data, (plain, fitted, cross_fitted))
    if not gain.applied:
        return Decided(step, step.default()), gain, plain
    return Decided(step, setting), gain, fitted if step.goes_on else cross_fitted


def _gain(step: Step, setting: Any, data: FitData, outputs: tuple[Inputs, Inputs, Inputs]) -> Gain:
    """Applied is what the person gave, and what was fitted when its cross-validated gain is real, without objection."""
    plain, fitted, cross_fitted = map(step.read, outputs)
    metric = step.metric
    found = difference(metric, step.score, data.targets, (plain, cross_fitted), data.folds, data.clusters)
    gain = Gain(
        step=step.title,
        setting=step.describe(setting),
        in_sample=metric.gain(found.pooled.first, step.score(data.targets, fitted)),
        cross_validated=found.pooled.gain,
        standard_error=standard_error([pair.gain for pair in found.by_fold.values()]),
        low=found.over_rows.low,
        high=found.over_rows.high,
        applied=True,
        note=step.note,
    )
    if step.is_given:
        return gain
    gain = gain.decided(step.objection(setting))
    if gain.applied and len(found.by_fold) == 2:
        return replace(gain, note="; ".join(filter(None, (gain.note, TWO_FOLDS))))
    return gain
