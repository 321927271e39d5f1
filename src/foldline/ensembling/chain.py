"""Steps one after the other, and what a chain of them gains.

Each step, and the decision to apply it, is fitted without the rows that score it. An in-sample gain, on the rows that a
step was fitted on, is optimistic. The cross-validated gain is that on each fold when the step was fitted on the others,
as in nested cross-validation (Varma and Simon, Bias in error estimation when using cross-validation for model
selection, 2006; Cawley and Talbot, 2010). The chain hands on such rows, so that a later step is fitted on what it will
meet.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64

from foldline.ensembling.intervals import standard_error
from foldline.ensembling.scales import Inputs
from foldline.ensembling.scoring import Gain, difference, no_gain
from foldline.ensembling.steps import TWO_FOLDS, Folds, Step, by_fold, inputs_at
from foldline.files.compact import rows_at
from foldline.files.progress import progress


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

    def written(self) -> dict[str, Any]:
        """The settings by the names of their steps, as JSON has them; `chain_of` makes a chain of them again."""
        return {one.step.name: one.setting for one in self.steps}


def chain_of(steps: Sequence[Step], written: Mapping[str, Any]) -> Chain:
    """The steps with settings that were fitted elsewhere."""
    return Chain(tuple(Decided(step, written[step.name]) for step in steps))


@dataclass(frozen=True)
class NestedChain:
    """The chain for test rows, and for each fold the one that was fitted and decided without it."""

    whole: Chain
    without: dict[int, Chain]

    def cross_fitted(self, folds: Folds, inputs_of: Callable[[int, Int64[np.ndarray, " fold_rows"]], Inputs]) -> Inputs:
        """Each row through the chain that has not seen its fold. inputs_of: of a fold and the positions of its rows."""
        return by_fold(folds, lambda fold, rows: self.blind_to(fold).apply(inputs_of(fold, rows)))

    def blind_to(self, fold: int) -> Chain:
        """Where steps are fitted on a part of very many rows, that may hold none of a small fold."""
        return self.without.get(fold, self.whole)

    def before(self, name: str) -> "NestedChain":
        return NestedChain(self.whole.before(name), {fold: one.before(name) for fold, one in self.without.items()})


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
    plain, fitted, cross_fitted = map(step.answers, outputs)
    metric = step.metric
    found = difference(metric, data.targets, (plain, cross_fitted), data.folds, data.clusters)
    gain = Gain(
        step=step.title,
        setting=step.describe(setting),
        in_sample=metric.gain(found.pooled.first, metric.score(data.targets, fitted)),
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
