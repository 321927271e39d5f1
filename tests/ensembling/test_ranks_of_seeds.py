"""The mean of the seeds' ranks within one run: ranks among the rows that one model predicted."""

from itertools import product
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from foldline.ensembling.ensembling import Ensemble, ensemble_plan, write_ensemble
from foldline.ensembling.members import Predicted, member
from foldline.ensembling.row_sources import fit_steps
from foldline.predicting.logits import Logits
from foldline.predicting.predicted_rows import ExpectedRows
from tests.ensembling.drawing import scorer_of
from tests.metrics.of_kind import metric_of_kind
from tests.words import SOFTMAX

ROWS, TESTS, FOLDS, CLASSES = 300, 50, 5, ("no", "yes")
FOLD_OF_ROW, IDS = np.arange(ROWS) % FOLDS, tuple(f"r{row}" for row in range(ROWS))
TARGETS = np.random.default_rng(0).integers(0, 2, ROWS)
TEST_IDS = tuple(f"t{row}" for row in range(TESTS))
SCORER = scorer_of(metric_of_kind("auc"))
SECTION = {"views": "all", "average": "probabilities", "method": {"kind": "ranks"}, "temperature": {"kind": "none"}}


def logits_of(fold: int, seed: int) -> Logits:
    """Seed 0 is timid and knows most, seed 1 is loud and knows little: it drowns the other in a mean of predictions."""
    generator = np.random.default_rng((fold, seed))
    mine = np.flatnonzero(fold == FOLD_OF_ROW)
    signal = np.concatenate([TARGETS[mine] - 0.5, np.zeros(TESTS)])
    scores = (signal * (3, 1)[seed] + generator.normal(size=len(mine) + TESTS)) * (0.01, 5)[seed]
    both = np.stack([np.zeros_like(scores), scores], axis=1)[:, None].astype(np.float32)
    ids = tuple(IDS[row] for row in mine)
    return Logits(both[: len(mine)], both[len(mine) :], ids, TEST_IDS, ("identity",), CLASSES, SOFTMAX)


def test_seeds_by_their_ranks(tmp_path: Path) -> None:
    expected = ExpectedRows(IDS, FOLD_OF_ROW, np.arange(ROWS), TEST_IDS)
    logits = {model: logits_of(*model) for model in product(range(FOLDS), (0, 1))}
    members = [member(fold, one, expected, CLASSES, f"fold {fold}") for (fold, _), one in logits.items()]
    predicted = Predicted(members, ("seed 0", "seed 1"), ("identity",), SOFTMAX, expected, TARGETS, CLASSES)
    plan = ensemble_plan(Ensemble.model_validate(SECTION), predicted, SCORER)
    chain = fit_steps(plan.steps, plan.source, "ensemble")
    gains = [(gain.step, gain.setting, gain.applied) for gain in chain.whole.gains]
    assert gains == [("weights", "mean of ranks", True)]
    means = write_ensemble(tmp_path, plan, predicted, chain)

    def shares(rows: np.ndarray) -> np.ndarray:
        return (rankdata(rows[:, 0, 1]) - 0.5) / len(rows)

    mean = np.mean([shares(one.test) for one in logits.values()], axis=0)
    np.testing.assert_allclose(means.test[:, 1], mean, atol=1e-6)
    for fold in range(FOLDS):
        mean = np.mean([shares(logits[fold, seed].validation) for seed in (0, 1)], axis=0)
        np.testing.assert_allclose(means.out_of_fold[fold == FOLD_OF_ROW, 1], mean, atol=1e-6)
