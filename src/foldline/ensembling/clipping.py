"""Section `clip`: bounds on final probabilities, and the decision rule that makes answers of them."""

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from jaxtyping import Int64

from foldline.ensembling.bounds import Bounds
from foldline.ensembling.chain import NestedChain
from foldline.ensembling.predictions import Predictions, create_like
from foldline.ensembling.row_sources import Source, Stored, StoredRows, cross_fitted, fit_steps, fitted
from foldline.ensembling.runs import Run
from foldline.ensembling.scales import Inputs, stored_scale
from foldline.ensembling.scoring import Gain, Scorer, gains_metrics, score_folds, write_gains
from foldline.ensembling.steps import Context, Step, apart, by_fold
from foldline.files.arrays import gather, put
from foldline.files.whole_files import numbers_folder, write_json
from foldline.metrics.decisions.rules import write_rule
from foldline.metrics.metric_and_rule import RuleKind
from foldline.params.kinds import union_of
from foldline.params.section import Section

KindsOfBounds = Annotated[Bounds, union_of("foldline.ensembling.bounds", Bounds)]


class Clip(Section):
    bounds: KindsOfBounds
    rule: Literal["default", "fitted"]
    """What turns predictions into labels, sets, rankings or values: the obvious rule, or one that is fitted to the
    metric on out-of-fold predictions (thresholds, ordinal thresholds, class weights)."""

    def steps(self, context: Context, targets: np.ndarray) -> tuple[list[Step], list[Gain]]:
        """The steps, and rows for those that are left out. targets: of the out-of-fold rows."""
        rule = context.scorer.rule
        steps, left_out = self.bounds.planned(context)
        if self.rule == "fitted":
            fits, useless = Decision(rule=rule, unknown=rule.note(targets)).planned(context)
            steps, left_out = [*steps, *fits], [*left_out, *useless]
        return steps, left_out


class Decision(Step):
    """For a metric that scores answers: from one array of predictions to answers."""

    name = "rule"
    rule: RuleKind
    unknown: str | None
    """What cannot be fitted to any row, in words."""

    def useless(self) -> str | None:
        if self.metric.scores_predictions:
            return f"not applicable: {self.metric.name} uses {self.metric.needs}"
        return self.unknown if self.rule.fits_rejection_alone else None

    @property
    def note(self) -> str | None:
        return self.unknown

    def default(self) -> RuleKind:
        return self.rule

    def fit(self, data: np.ndarray, targets: np.ndarray) -> RuleKind:
        return self.rule.fitted(self.metric, apart(data)[0], targets)

    def apply(self, setting: RuleKind, inputs: Inputs) -> Inputs:
        return (setting(inputs[0]),)

    def describe(self, setting: RuleKind) -> str:
        return setting.kind

    def answers(self, outputs: Inputs) -> np.ndarray:
        return outputs[0]


def write_clipped(
    path: Path,
    like: Predictions,
    source: Source,
    chain: NestedChain,
    scorer: Scorer,
    left_out: list[Gain],
    **before: float | None,
) -> dict[str, Any]:
    """The folder that the stage `clip` and `pipelines.blend` write: what all steps but the decision make of the rows,
    the decision, and what is gained. Returns the content of metrics.json, which begins with `before`."""
    gains = [*chain.whole.gains, *left_out]
    with numbers_folder(path) as folder:
        clipped = create_like(like, folder)
        fill_clipped(clipped, source, chain, path.name)
        answers = clipped_answers(scorer, clipped, chain)
        scores = score_folds(scorer.metric, source.targets, answers, clipped.folds)
        metrics = before | scores.as_json(scorer.metric, len(source.targets)) | {"gains": gains_metrics(gains)}
        write_json(folder / "metrics.json", metrics)
        write_rule(folder / "rule.json", chain.whole.setting(Decision.name, scorer.rule))
        write_gains(folder / "gains.csv", gains)
    return metrics


def fill_clipped(clipped: Predictions, source: Source, chain: NestedChain, what: str) -> None:
    """Write what all steps but the decision make of the rows, in row blocks."""
    before = chain.before(Decision.name)
    for block, (rows,) in cross_fitted(source, before, what):
        put(clipped.out_of_fold, block, rows)
    for block, ((rows,),) in fitted(source, before, what):
        put(clipped.test, block, rows)


def clipped_answers(scorer: Scorer, clipped: Predictions, chain: NestedChain) -> np.ndarray:
    """Of out-of-fold rows: each row's by the rule that was fitted without its fold, or by `scorer` where none is."""
    rules = {fold: chain.blind_to(fold).setting(Decision.name, None) for fold in np.unique(clipped.folds).tolist()}
    if not any(rules.values()):  # Then a file need not be in memory.
        return scorer.answers(clipped.out_of_fold)

    def answers_of(fold: int, rows: Int64[np.ndarray, " fold_rows"]) -> Inputs:
        return ((rules[fold] or scorer.answers)(gather(clipped.out_of_fold, rows)),)

    (answers,) = by_fold(clipped.folds, answers_of)
    return answers


def answers_again(scorer: Scorer, run: Run, was_fitted: bool) -> np.ndarray:
    """What the stage `clip` scored of its out-of-fold rows, which it does not write. run: after that stage, its targets
    as graded. was_fitted: whether the stage fitted a rule."""
    clipped = run.predictions
    if not was_fitted:
        return scorer.answers(clipped.out_of_fold)
    stored = (Stored(clipped.out_of_fold),), (Stored(clipped.test),)
    source = StoredRows(run.targets, clipped.folds, run.clusters, *stored)
    context = Context(stored_scale(clipped.form, len(clipped.classes)), scorer, len(clipped.classes))
    steps, _ = Decision(rule=scorer.rule, unknown=scorer.rule.note(run.targets)).planned(context)
    return clipped_answers(scorer, clipped, fit_steps(steps, source, "rule"))
