"""What a finished run has fitted, told again: the stages keep what their steps did, not the settings.

Fitting is deterministic. That it is the same again is not taken on trust: what the settings make of the stored logits
must be what the stage `clip` wrote, number by number.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from foldline.bundle.predictions import Steps, finish, with_models
from foldline.ensembling.chain import fit_chain
from foldline.ensembling.ensembling import ensemble_plan
from foldline.ensembling.members import read_predicted
from foldline.ensembling.predictions import read_predictions
from foldline.ensembling.row_sources import Source, Stored, StoredRows, fit_data
from foldline.ensembling.runs import read_run
from foldline.ensembling.steps import Step
from foldline.files.arrays import row_blocks
from foldline.files.compact import CompactArray, numbers_per_row
from foldline.files.places import FoldName, Places
from foldline.files.refusal import Refusal


def fitted_again(places: Places, steps: Steps, models: Sequence[tuple[FoldName, int]]) -> dict[str, Any]:
    """`ensemble` and `bounds` of Described (described.py), for the finished run of `places`. Raises Refusal when its
    files are missing, or of different runs."""
    folds, seeds = (tuple(dict.fromkeys(each)) for each in zip(*models, strict=True))
    predicted = read_predicted(places, folds, seeds, steps.target)
    plan = ensemble_plan(steps.ensemble, predicted, steps.scorer(predicted.classes, predicted.width))
    run = read_run(".", places, "ensemble")
    means = run.predictions
    targets = steps.target.graded(run.targets, means.folds, means.classes)
    source = StoredRows(targets, means.folds, run.clusters, (Stored(means.out_of_fold),), (Stored(means.test),))
    bounds = steps.planned_bounds(means.form, means.classes)
    fitted = {"ensemble": _settings(plan.steps, plan.source), "bounds": _settings(bounds, source)}
    _refuse_others(places, steps, fitted, models)
    return fitted


def _settings(steps: Sequence[Step], source: Source) -> dict[str, Any]:
    return fit_chain(steps, fit_data(source)).written() if steps else {}


def _refuse_others(
    places: Places, steps: Steps, fitted: Mapping[str, Any], models: Sequence[tuple[FoldName, int]]
) -> None:
    stored = read_predictions(places.clipped)
    with TemporaryDirectory(prefix="foldline-") as folder:
        predicted = with_models({model: places.predicted(*model) for model in models}, stored.test_ids, stored.classes)
        again = finish(predicted, steps, **fitted, work=Path(folder))
        if stored.test_ids != again.test_ids or not _are_equal(stored.test, again.test):
            raise Refusal(
                f"{places.clipped} does not hold what the models' predictions become by what params.yaml and the card "
                "say now: the run is not finished, or something was changed since. Run `dvc repro`, then "
                "`foldline bundle` again."
            )


def _are_equal(one: np.ndarray, other: np.ndarray) -> bool:
    if one.shape != other.shape or isinstance(one, CompactArray) != isinstance(other, CompactArray):
        return False
    if isinstance(one, CompactArray) and isinstance(other, CompactArray):
        one, other = one.records, other.records
        return bool((one == other).all())
    blocks = row_blocks((len(one), numbers_per_row(one)))
    return all(np.array_equal(one[block], other[block], equal_nan=True) for block in blocks)
