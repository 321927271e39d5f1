"""What a chain of steps is worth: every step, and the decision to keep it, is fitted without the rows it is judged on.

A gain on the rows that a step was fitted on is a promise. The nested gain is what the step did on each fold when it was
fitted on the others (Varma and Simon, Bias in error estimation when using cross-validation for model selection, 2006;
Cawley and Talbot, 2010). The chain hands on such rows, so that a later step is fitted on what it will meet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Int64, Shaped
from tqdm import tqdm

from foldline.ensembling.gains import Gain, bootstrap_interval, decided_gain, no_gain, standard_error
from foldline.ensembling.scales import Inputs
from foldline.files.compact import KEPT, CompactArray, array_at, blank_rows, compact_array, numbers_per_row, rows_at
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


MOST_ROWS = 20_000
MOST_BYTES = 1 << 28
"""Of rows to fit on, and what they take in memory: a handful of numbers is fitted as well on these as on all."""


def numbers_to_fit_on(values: np.ndarray, members: int, views: int = 1) -> int:
    """Of a row, where each member's views come as arrays like `values`, dense or compact."""
    of_one = 2 * KEPT + 1 if isinstance(values, CompactArray) else values.shape[-1]
    return of_one * members * views


def fitting_rows(rows: int, numbers_per_row: int) -> Int64[np.ndarray, " chosen"]:
    """Rising positions of the rows that steps are fitted on: all, or as many as MOST_ROWS and MOST_BYTES allow.

    numbers_per_row: of all inputs together. The same rows whatever the machine.
    """
    most = min(MOST_ROWS, max(1, MOST_BYTES // (4 * numbers_per_row)))
    if rows <= most:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False))


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


Steps = tuple[list[Step], list[Gain]]
"""Those to fit, in order, and lines for those that were asked for and are left out."""


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
