"""Section `clip`: bounds on final probabilities, a rule that makes answers of them, and predictions through both."""

from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32, Int64
from tqdm import tqdm

from foldline.card.activations import Form
from foldline.ensembling.bounds import Bounds
from foldline.ensembling.chain import (
    Chain,
    Evidence,
    Judge,
    NestedChain,
    Step,
    Steps,
    apart,
    fit_nested,
    fitting_rows,
    numbers_to_fit_on,
)
from foldline.ensembling.gains import no_gain
from foldline.ensembling.probabilities import Probabilities
from foldline.ensembling.projection import RowWithoutMass
from foldline.ensembling.scales import Inputs
from foldline.ensembling.scoring import Scores, score_folds
from foldline.files.arrays import gather, put, row_blocks
from foldline.files.compact import blank_rows, numbers_per_row, rows_at, take_stored
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import Rule
from foldline.metrics.metric import Metric
from foldline.params.kinds import union_of
from foldline.params.section import Section

NAME = "rule"


def judge_of(metric: Metric, rule: Rule, classes: Sequence[str] = ()) -> Judge:
    """Predictions are scored as they are where the metric wants probabilities, else by the answers of `rule`.

    classes: in the order of the outputs, for the metrics that weigh them by name.
    """
    return Judge(metric.of(classes), as_they_are if metric.scores_predictions else rule)


def as_they_are(predictions: np.ndarray) -> np.ndarray:
    return predictions


def answers_in(metric: Metric) -> Judge:
    """Of answers that a rule has given."""
    return Judge(metric, as_they_are)


def rule_step(default: Rule, metric: Metric, classes: Sequence[str], note: str | None = None) -> Step:
    """For a metric that scores answers: from one array of predictions to answers."""

    def applied(rule: Rule, inputs: Inputs) -> Inputs:
        return (rule(inputs[0]),)

    return Step(
        NAME,
        default=default,
        fit=lambda together, targets: default.fitted(metric, apart(together)[0], targets),
        apply=applied,
        judge=answers_in(metric.of(classes)),
        describe=lambda rule: rule.kind,
        note=note,
    )


KindsOfBounds = Annotated[Bounds, union_of("foldline.ensembling.bounds", Bounds)]


class Clip(Section):
    bounds: KindsOfBounds
    rule: Literal["default", "fitted"]
    """What turns predictions into labels, sets, rankings or values: the obvious rule, or one that is fitted to the
    metric on out-of-fold predictions (thresholds, ordinal thresholds, weights of classes)."""


def clip_steps(
    section: Clip, form: Form, classes: Sequence[str], rule: Rule, metric: Metric, targets: np.ndarray
) -> Steps:
    """`rule`: the one that stands in where none is fitted. targets: of the out-of-fold rows."""
    judge = judge_of(metric, rule, classes)
    steps, left_out = section.bounds.steps(form, len(classes), judge)
    if section.rule == "fitted":
        note = rule.note(targets)
        if metric.scores_predictions:
            left_out.append(no_gain(NAME, f"{metric.name} scores predictions, no answers"))
        elif note is not None and rule.fits_rejection_alone:
            left_out.append(no_gain(NAME, note))
        else:
            steps.append(rule_step(rule, metric, classes, note))
    return steps, left_out


Folds = Int64[np.ndarray, " rows"]
Predictions = Float32[np.ndarray, "rows outputs"]
Source = Callable[[slice], Inputs]
"""From a block of rows to what the chain takes of them."""


def fit_clip(steps: Sequence[Step], means: Probabilities, targets: np.ndarray, clusters: Folds) -> NestedChain:
    rows = fitting_rows(len(means.out_of_fold), numbers_to_fit_on(means.out_of_fold, members=1))
    inputs = (gather(means.out_of_fold, rows),) if steps else ()
    evidence = Evidence(inputs, targets[rows], means.folds[rows], clusters[rows])
    try:
        return fit_nested(steps, evidence, "clip")
    except RowWithoutMass as error:
        raise _without_mass(evidence.inputs[0][error.row], int(rows[error.row]), "out-of-fold") from None


def fill_cross_fitted(clipped: Predictions, source: Source, folds: Folds, chain: NestedChain) -> None:
    """Each out-of-fold row through the steps before the rule that were fitted without its fold, in row blocks."""
    before_rule = {fold: one.before(NAME) for fold, one in chain.without.items()}
    for block in _blocks(clipped, "out-of-fold rows"):
        inputs, rows = source(block), blank_rows(clipped, block.stop - block.start)
        for fold in np.unique(folds[block]).tolist():
            mine = folds[block] == fold
            chosen = tuple(rows_at(one, mine) for one in inputs)
            (rows[mine],) = _applied(before_rule[fold], chosen, np.flatnonzero(mine) + block.start, "out-of-fold")
        put(clipped, block, rows)


def fill_clipped(clipped: Predictions, source: Source, chain: Chain) -> None:
    """Each test row through the steps before the rule that were fitted on all rows, in row blocks."""
    before_rule = chain.before(NAME)
    for block in _blocks(clipped, "test rows"):
        places = np.arange(block.start, block.stop)
        put(clipped, block, _applied(before_rule, source(block), places, "test")[0])


def rows_of(predictions: Predictions) -> Source:
    return lambda block: (take_stored(predictions, block),)


def score_clipped(judge: Judge, targets: np.ndarray, clipped: Probabilities, chain: NestedChain) -> Scores:
    """Of out-of-fold answers: each row's by the rule that was fitted without its fold, or by `judge` where none is."""
    rules = {fold: one.setting(NAME, None) for fold, one in chain.without.items()}
    if any(rule is None for rule in rules.values()):
        return score_folds(judge.metric, targets, judge.answers(clipped.out_of_fold), clipped.folds)
    places = {fold: np.flatnonzero(clipped.folds == fold) for fold in rules}
    found = np.concatenate([rules[fold](gather(clipped.out_of_fold, rows)) for fold, rows in places.items()])
    answers = np.empty_like(found)
    answers[np.concatenate(list(places.values()))] = found
    return score_folds(judge.metric, targets, answers, clipped.folds)


def _applied(chain: Chain, inputs: Inputs, places: Int64[np.ndarray, " some"], part: str) -> Inputs:
    """`places`: where the rows lie in their part."""
    try:
        return chain.apply(inputs)
    except RowWithoutMass as error:
        raise _without_mass(inputs[0][error.row], int(places[error.row]), part) from None


def _without_mass(row: Float32[np.ndarray, " outputs"], place: int, part: str) -> Refusal:
    return Refusal(
        f"clip.bounds: row {place} of the {part} predictions is all zeros, or holds NaN or a negative value "
        f"({row[:5]} ...): no scale makes it sum to one. Run `dvc repro -f -s ensemble`."
    )


def _blocks(predictions: Predictions, what: str) -> "tqdm[slice]":
    return tqdm(list(row_blocks((len(predictions), numbers_per_row(predictions)))), desc=f"clip {what}", unit="block")
