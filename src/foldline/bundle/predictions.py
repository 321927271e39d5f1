"""From the logits of a bundle's models to predictions: the steps of `ensemble` and `clip` with settings fitted before.

The very steps of these stages, built from the same sections, on test rows alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.chain import NestedChain, chain_of
from foldline.ensembling.clipping import KindsOfBounds, fill_clipped
from foldline.ensembling.ensembling import Ensemble, ensemble_plan, write_ensemble
from foldline.ensembling.forms import Form
from foldline.ensembling.members import Predicted, common_views, member
from foldline.ensembling.predictions import Predictions, create_like, read_predictions
from foldline.ensembling.row_sources import Stored, StoredRows
from foldline.ensembling.scales import stored_scale
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context, Step
from foldline.files.places import FoldName
from foldline.files.whole_files import numbers_folder
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric
from foldline.predicting.logits import read_logits
from foldline.predicting.predicted_rows import ExpectedRows

NO_ROWS = np.empty(0, np.int64)


@dataclass(frozen=True)
class Steps:
    """The sections that say which steps there are: of params.yaml and of the card."""

    ensemble: Ensemble
    bounds: KindsOfBounds
    target: Target
    metric: Metric
    submission: Submission

    def scorer(self, classes: tuple[str, ...], width: int) -> Scorer:
        """width: how many numbers a row's prediction has."""
        rule = rule_of(self.submission.default_rule(self.target, classes, width))
        return Scorer(self.metric.of(classes), rule)

    def planned_bounds(self, form: Form, classes: tuple[str, ...]) -> list[Step]:
        scorer = self.scorer(classes, form.width(len(classes)))
        return self.bounds.planned(Context(stored_scale(form, len(classes)), scorer, len(classes)))[0]


def with_models(
    folders: Mapping[tuple[FoldName, int], Path], ids: Sequence[str], classes: tuple[str, ...]
) -> Predicted:
    """What the models say of test rows: their logits, by fold and seed. Of rows out of fold they are not asked."""
    found = {model: read_logits(folder) for model, folder in folders.items()}
    logits = {model: replace(one, validation=one.validation[:0], validation_ids=()) for model, one in found.items()}
    rows = ExpectedRows((), NO_ROWS, NO_ROWS, tuple(ids))
    members = [member(fold, one, rows, classes, f"fold {fold}, seed {seed}") for (fold, seed), one in logits.items()]
    seeds = sorted({seed for _, seed in folders})
    first = next(iter(logits.values()))
    names, views = tuple(f"seed {seed}" for seed in seeds), common_views([*logits.values()])
    return Predicted(members, names, views, first.activation, rows, NO_ROWS, classes)


def finish(
    predicted: Predicted, steps: Steps, ensemble: Mapping[str, Any], bounds: Mapping[str, Any], work: Path
) -> Predictions:
    """What the stages make of test rows, but for the rule; written into folders of `work`. ensemble, bounds: the
    settings of steps by their names."""
    plan = ensemble_plan(steps.ensemble, predicted, steps.scorer(predicted.classes, predicted.width))
    with numbers_folder(work / "ensemble") as folder:
        write_ensemble(folder, plan, predicted, NestedChain(chain_of(plan.steps, ensemble), {}))
    means = read_predictions(work / "ensemble")
    source = StoredRows(NO_ROWS, NO_ROWS, NO_ROWS, (Stored(means.out_of_fold),), (Stored(means.test),))
    planned = steps.planned_bounds(means.form, means.classes)
    with numbers_folder(work / "clip") as folder:
        clipped = create_like(means, folder)
        fill_clipped(clipped, source, NestedChain(chain_of(planned, bounds), {}), "clip")
    return read_predictions(work / "clip")
