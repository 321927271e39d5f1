"""Over many draws, nested estimates are what the chain is truly worth, and estimates in sample are not."""

import numpy as np
import pytest

from foldline.ensembling.chain import fit_nested
from foldline.ensembling.clipping import Decision
from foldline.ensembling.methods import ConvexCombination, HillClimbing
from foldline.ensembling.scales import Inputs
from foldline.ensembling.steps import Context, Step
from foldline.metrics.decisions.likeliest import MostProbable
from foldline.metrics.kinds.of_labels import MacroF1
from foldline.metrics.kinds.of_probabilities import LogLoss
from tests.ensembling.drawing import PLAIN, cross_fitted, fit_data, of_strengths, scorer_of, weights
from tests.metrics.of_kind import metric_of_kind

ARG_MAX = MostProbable(kind="most_probable")
LOG_LOSS = scorer_of(LogLoss(kind="log_loss"))
MACRO_F1 = scorer_of(MacroF1(kind="macro_f1"))
THRESHOLDS = Decision(rule=ARG_MAX, unknown=None).on(Context(PLAIN, MACRO_F1, 8))
STRENGTHS = np.linspace(0.8, 2.0, 15)
TRUE_ROWS = 20_000


def estimates(
    metric: str, rows: int, draws: int, strengths: np.ndarray = STRENGTHS, paired: bool = False
) -> tuple[float, float]:
    """Mean errors of two estimates of weights of the members, with thresholds for macro F1: nested, and in sample.

    Nested: of the chain with its decisions. In sample: of the steps fitted to all rows, on these same rows. `paired`
    takes the plain mean's own error off both, which is zero over many draws: few draws then show what many would.
    """
    count, climbing = len(strengths), HillClimbing(kind="hill_climbing", rounds=5)
    convex = weights(ConvexCombination(kind="convex_combination"), count, LOG_LOSS)
    steps = [convex] if metric == "log_loss" else [weights(climbing, count, MACRO_F1), THRESHOLDS]
    score, plain, errors = metric_of_kind(metric).score, LOG_LOSS if metric == "log_loss" else MACRO_F1, []
    for seed in range(draws):
        inputs, targets = of_strengths(seed, rows + TRUE_ROWS, strengths)
        seen, unseen = (tuple(one[part] for one in inputs) for part in (slice(rows), slice(rows, None)))
        known, future = fit_data(seen, targets[:rows]), targets[rows:]
        chain = fit_nested(steps, known, "draw")
        nested = score(known.targets, cross_fitted(chain, known.folds, seen))
        in_sample, fitted = fitted_to_all(steps, seen, unseen, known.targets)
        luck = 0.0
        if paired:
            luck = plain.score(known.targets, PLAIN.mean(seen)) - plain.score(future, PLAIN.mean(unseen))
        error = nested - score(future, chain.whole.apply(unseen)[0])
        errors.append((error - luck, score(known.targets, in_sample) - score(future, fitted) - luck))
    return tuple(np.mean(errors, axis=0).tolist())


def fitted_to_all(
    steps: list[Step], seen: Inputs, unseen: Inputs, targets: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """What the steps make of the rows that they are fitted on, and of others."""
    for step in steps:
        setting = step.fit(step.fit_data(seen, targets), targets)
        seen, unseen = step.apply(setting, seen), step.apply(setting, unseen)
    return seen[0], unseen[0]


@pytest.mark.many_draws
def test_nested_estimates_are_nearer_the_truth_than_what_is_claimed() -> None:
    """The quick version of the test below, of half the members: six draws leave an error of .01 by chance."""
    nested, in_sample = estimates("macro_f1", 500, draws=6, strengths=STRENGTHS[::2], paired=True)
    assert in_sample > 0.02, "what is claimed is not what it is worth"
    assert abs(nested) < in_sample / 2
    assert abs(estimates("log_loss", 500, draws=3, strengths=STRENGTHS[::2], paired=True)[0]) <= 0.01


@pytest.mark.many_draws
@pytest.mark.slow
@pytest.mark.parametrize("rows", [500, 2_000, 8_000])
@pytest.mark.parametrize("metric", ["log_loss", "macro_f1"])
def test_nested_estimates_are_true_on_average_over_40_draws(metric: str, rows: int) -> None:
    nested, in_sample = estimates(metric, rows, draws=40)
    assert abs(nested) <= 0.01
    if metric == "macro_f1" and rows == 500:
        assert in_sample > 0.02
