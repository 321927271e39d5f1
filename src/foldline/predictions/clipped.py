"""Predictions through the chain of stage `clip`: bounds for all rows, and a rule for the out-of-fold ones' answers."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, Int64
from tqdm import tqdm

from foldline.predictions import answering
from foldline.predictions.chains import fitting_rows
from foldline.predictions.nested import Chain, Evidence, NestedChain, fit_nested
from foldline.predictions.scoring import Scores, score_folds
from foldline.predictions.steps import Judge, Step
from foldline.tables.arrays import gather, put, row_blocks, take
from foldline.tables.probabilities import Probabilities

Folds = Int64[np.ndarray, " rows"]
Predictions = Float32[np.ndarray, "rows outputs"]


def fit_clip(steps: Sequence[Step], means: Probabilities, targets: np.ndarray, clusters: Folds) -> NestedChain:
    rows = fitting_rows(*means.out_of_fold.shape)
    evidence = Evidence((gather(means.out_of_fold, rows),), targets[rows], means.folds[rows], clusters[rows])
    return fit_nested(steps, evidence, "clip")


def fill_cross_fitted(clipped: Predictions, predictions: Predictions, folds: Folds, chain: NestedChain) -> None:
    """Each out-of-fold row within the bounds that were found without its fold, in row blocks."""
    bounded = {fold: one.before(answering.NAME) for fold, one in chain.without.items()}
    for block in _blocks(predictions, "out-of-fold rows"):
        rows = take(predictions, block)
        for fold in np.unique(folds[block]).tolist():
            mine = folds[block] == fold
            rows[mine] = bounded[fold].apply((rows[mine],))[0]
        put(clipped, block, rows)


def fill_clipped(clipped: Predictions, predictions: Predictions, chain: Chain) -> None:
    """Each test row within the bounds that were found on all rows, in row blocks."""
    bounded = chain.before(answering.NAME)
    for block in _blocks(predictions, "test rows"):
        put(clipped, block, bounded.apply((take(predictions, block),))[0])


def score_clip(
    judge: Judge, targets: np.ndarray, means: Probabilities, clipped: Probabilities, chain: NestedChain
) -> tuple[Scores, Scores]:
    """Before and after: the answers by `judge`, and each row's by the rule that was fitted without its fold."""
    before = score_folds(judge.metric, targets, judge.answers(means.out_of_fold), means.folds)
    rules = {fold: one.setting(answering.NAME, None) for fold, one in chain.without.items()}
    if all(rule is None for rule in rules.values()):
        return before, score_folds(judge.metric, targets, judge.answers(clipped.out_of_fold), means.folds)
    places = {fold: np.flatnonzero(means.folds == fold) for fold in rules}
    found = {fold: rules[fold](gather(clipped.out_of_fold, rows)) for fold, rows in places.items()}
    answers = np.concatenate(list(found.values()))
    answers[np.concatenate(list(places.values()))] = answers.copy()
    return before, score_folds(judge.metric, targets, answers, means.folds)


def _blocks(predictions: Predictions, what: str) -> "tqdm[slice]":
    return tqdm(list(row_blocks(predictions.shape)), desc=f"clip {what}", unit="block")
