"""What a chain of steps is worth: every step, and the decision to keep it, is fitted without the rows it is judged on.

A gain on the rows that a step was fitted on is a promise. The nested gain is what the step did on each fold when it was
fitted on the others (Varma and Simon, Bias in error estimation when using cross-validation for model selection, 2006;
Cawley and Talbot, 2010). The chain hands on such rows, so that a later step is fitted on what it will meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64
from tqdm import tqdm

from foldline.ensembling.bootstrap import bootstrap_interval
from foldline.ensembling.gains import Gain, decided_gain, no_gain, standard_error
from foldline.ensembling.scales import Inputs
from foldline.ensembling.steps import Step
from foldline.files.compact import blank_rows, numbers_per_row, rows_at

Folds = Int64[np.ndarray, " rows"]
TWO_FOLDS = "the out-of-fold score leaves it out: without one of two folds, nobody can tell what it is worth"


@dataclass(frozen=True)
class Evidence:
    """Rows to fit on."""

    inputs: Inputs
    targets: np.ndarray
    folds: Folds
    clusters: Int64[np.ndarray, " rows"]

    def at(self, rows: Bool[np.ndarray, " rows"]) -> "Evidence":
        return Evidence(_at(self.inputs, rows), self.targets[rows], self.folds[rows], self.clusters[rows])

    def with_inputs(self, inputs: Inputs) -> "Evidence":
        return Evidence(inputs, self.targets, self.folds, self.clusters)


@dataclass(frozen=True)
class Decided:
    """A step with the setting that it goes on with: what was fitted when it is kept, else its default."""

    step: Step
    setting: Any
    gain: Gain


@dataclass(frozen=True)
class Chain:
    steps: tuple[Decided, ...]

    def apply(self, inputs: Inputs) -> Inputs:
        for decided in self.steps:
            inputs = decided.step.apply(decided.setting, inputs)
        return inputs

    def before(self, name: str) -> "Chain":
        """The steps that come before the one of this name: all, where there is none."""
        names = [decided.step.name for decided in self.steps]
        return Chain(self.steps[: names.index(name)] if name in names else self.steps)

    def setting(self, name: str, default: Any) -> Any:
        """What the step of this name goes on with; `default` where there is none."""
        return next((decided.setting for decided in self.steps if decided.step.name == name), default)


@dataclass(frozen=True)
class NestedChain:
    """The chain for test rows, and for each fold the one that was fitted and decided without it."""

    whole: Chain
    without: dict[int, Chain]

    @property
    def gains(self) -> list[Gain]:
        return [decided.gain for decided in self.whole.steps]

    def cross_fitted(self, inputs: Inputs, folds: Folds) -> Inputs:
        """Each row through the chain that has not seen its fold."""
        return _by_fold(folds, lambda fold, rows: self.without[fold].apply(_at(inputs, rows)))


def fit_nested(steps: Sequence[Step], evidence: Evidence, what: str) -> NestedChain:
    """`what` names the steps in the progress bar."""
    folds = np.unique(evidence.folds).tolist()
    if not steps:
        return NestedChain(Chain(()), dict.fromkeys(folds, Chain(())))
    bar = tqdm(folds, desc=f"{what}: without fold", unit="fold")
    without = {fold: fit_chain(steps, evidence.at(evidence.folds != fold)) for fold in bar}
    whole = fit_chain(steps, evidence, measure_given=True)
    return NestedChain(_noted(whole) if len(folds) == 2 else whole, without)


def _noted(chain: Chain) -> Chain:
    """The chain of two folds, which says why its out-of-fold scores do not show what it keeps."""

    def noted(decided: Decided) -> Decided:
        if decided.step.given or not decided.gain.kept:
            return decided
        note = "; ".join(filter(None, (decided.gain.note, TWO_FOLDS)))
        return replace(decided, gain=replace(decided.gain, note=note))

    return Chain(tuple(map(noted, chain.steps)))


def fit_chain(steps: Sequence[Step], evidence: Evidence, measure_given: bool = False) -> Chain:
    """Fit and decide on these rows alone. `measure_given`: also what the person's own settings gain, which decides
    nothing."""
    decided = []
    for first in steps:
        step: Step | None = first
        while step is not None:
            one, outputs = _decide(step, evidence, measure_given)
            decided.append(one)
            evidence, step = evidence.with_inputs(outputs), step.then(one.setting)
    return Chain(tuple(decided))


def _decide(step: Step, evidence: Evidence, measure_given: bool) -> tuple[Decided, Inputs]:
    """The step as it goes on, and its outputs for the next step: cross-fitted where it is kept, if they can be."""
    judged = step.judged or _whole
    plain = step.apply(step.default, evidence.inputs)
    if not step.given and len(np.unique(evidence.folds)) < 2:
        gain = no_gain(step.name, "of a single fold, nobody can tell what it is worth")
        return Decided(step, step.default, gain), plain
    known = step.evidence(evidence.inputs, evidence.targets)
    setting = step.fit(known, evidence.targets)
    fitted = step.apply(setting, evidence.inputs)
    if step.given and not measure_given:
        return Decided(step, setting, no_gain(step.name, "given")), fitted

    def without(fold: int, rows: Bool[np.ndarray, " rows"]) -> Inputs:
        return judged(step.apply(step.fit(rows_at(known, ~rows), evidence.targets[~rows]), _at(evidence.inputs, rows)))

    nested = fitted if step.given else _by_fold(evidence.folds, without)
    gain = _measured(step, setting, evidence, (judged(plain), judged(fitted), nested))
    if not gain.kept:
        return Decided(step, step.default, gain), plain
    return Decided(step, setting, gain), fitted if step.judged else nested


def _whole(outputs: Inputs) -> Inputs:
    return outputs


def _measured(step: Step, setting: Any, evidence: Evidence, outputs: tuple[Inputs, Inputs, Inputs]) -> Gain:
    plain, fitted, nested = (step.judge.read(one) for one in outputs)
    folds, every, judge = evidence.folds, np.arange(len(evidence.folds)), step.judge

    def gain(better: np.ndarray, rows: np.ndarray) -> float:
        before, after = (judge.score(evidence.targets[rows], rows_at(one, rows)) for one in (plain, better))
        return judge.metric.gain(before, after)

    by_fold = [gain(nested, np.flatnonzero(folds == fold)) for fold in np.unique(folds)]
    cells = sum(numbers_per_row(one) for one in (*outputs[0], *outputs[2]))
    interval = bootstrap_interval(lambda rows: gain(nested, rows), evidence.clusters, cells)
    return decided_gain(
        step.name,
        step.describe(setting),
        gain(fitted, every),
        (gain(nested, every), standard_error(by_fold), interval),
        step.objection(setting),
        step.given,
        step.note,
    )


def _at(arrays: Inputs, rows: np.ndarray) -> Inputs:
    return tuple(rows_at(array, rows) for array in arrays)


def _by_fold(folds: Folds, outputs_of: Any) -> Inputs:
    """The folds' outputs put together again, in the order of the rows."""
    together: list[np.ndarray] = []
    for fold in np.unique(folds).tolist():
        rows = folds == fold
        outputs = outputs_of(fold, rows)
        if not together:
            together = [blank_rows(output, len(folds)) for output in outputs]
        for whole, output in zip(together, outputs, strict=True):
            whole[rows] = output
    return tuple(together)
