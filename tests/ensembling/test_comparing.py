"""Two runs on the rows that both predicted: what is counted, what is real, what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from foldline.card.forms.label_forms import HardLabel
from foldline.card.targets.single_labels import Multiclass
from foldline.ensembling.comparing import Comparison, _shared_rows, compare
from foldline.ensembling.intervals import Interval
from foldline.ensembling.predictions import Predictions
from foldline.ensembling.runs import Run
from foldline.files.refusal import Refusal
from foldline.metrics.metric import Metric
from tests.metrics.of_kind import metric_of_kind
from tests.words import DISTRIBUTION

CLASSES = ("cat", "dog", "eel")
TARGET = Multiclass(kind="multiclass", column="pet", group=None)
FORM = HardLabel(kind="label", sample="sample.csv", id="id", extra_columns="ignored")


def a_run(name: str, probabilities: np.ndarray, targets: np.ndarray, folds: np.ndarray) -> Run:
    predictions = Predictions(
        out_of_fold=probabilities.astype(np.float32),
        test=np.zeros((0, 3), np.float32),
        out_of_fold_ids=tuple(f"row {row}" for row in range(len(targets))),
        test_ids=(),
        folds=folds,
        classes=CLASSES,
        form=DISTRIBUTION,
    )
    return Run(name, predictions, targets, np.arange(len(targets)), Path("nowhere"))


def drawn(seed: int, strengths: tuple[float, float], rows: int = 300, count: int = 5) -> tuple[Run, Run]:
    """Two runs of models that know the target with these strengths and err independently."""
    generator = np.random.default_rng(seed)
    targets, folds = generator.integers(0, 3, rows), np.arange(rows) % count
    runs = []
    for name, strength in zip(("a", "b"), strengths, strict=True):
        logits = generator.normal(size=(rows, 3)) + strength * np.eye(3)[targets]
        runs.append(a_run(name, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True), targets, folds))
    return runs[0], runs[1]


def on(rows: np.ndarray, run: Run) -> Run:
    """The run of these rows alone, in this order."""
    predictions = replace(
        run.predictions,
        out_of_fold=run.predictions.out_of_fold[rows],
        out_of_fold_ids=tuple(run.predictions.out_of_fold_ids[row] for row in rows.tolist()),
        folds=run.predictions.folds[rows],
    )
    return replace(run, predictions=predictions, targets=run.targets[rows], clusters=run.clusters[rows])


LOG_LOSS = metric_of_kind("log_loss")


def judged(first: Run, second: Run, metric: Metric = LOG_LOSS) -> Comparison:
    return compare(first, second, metric, TARGET, FORM)


def test_differences_by_hand() -> None:
    targets, folds = np.array([0, 1, 2, 0]), np.array([0, 1, 0, 1])
    good, bad = np.full((4, 3), 0.1), np.full((4, 3), 0.25)
    good[np.arange(4), targets], bad[np.arange(4), targets] = 0.8, 0.5
    bad[3] = [0.2, 0.7, 0.1]
    comparison = judged(a_run("bad", bad, targets, folds), a_run("good", good, targets, folds))
    assert comparison.pooled.first == pytest.approx(-np.log([0.5, 0.5, 0.5, 0.2]).mean(), abs=1e-6)
    assert comparison.pooled.gain == pytest.approx(comparison.pooled.first + np.log(0.8), abs=1e-6)
    assert comparison.by_fold[0].gain == pytest.approx(np.log(1.6), abs=1e-6)
    assert comparison.by_fold[1].gain == pytest.approx((np.log(1.6) + np.log(4)) / 2, abs=1e-6)
    labels = judged(a_run("bad", bad, targets, folds), a_run("good", good, targets, folds), metric_of_kind("accuracy"))
    assert (labels.pooled.first, labels.pooled.second, labels.by_fold[1].gain) == (
        0.75,
        1,
        0.5,
    )


def test_a_clear_difference_is_real_whichever_is_named_first() -> None:
    weak, strong = drawn(0, (1, 2.5))
    assert judged(weak, strong).is_real
    back = judged(strong, weak)
    assert back.is_real
    assert back.pooled.gain == pytest.approx(-judged(weak, strong).pooled.gain)


@pytest.mark.many_draws
def test_of_equal_models_few_differences_are_called_real() -> None:
    verdicts = [judged(*drawn(seed, (1.5, 1.5), rows=60)).is_real for seed in range(40)]
    assert np.mean(verdicts) <= 0.05


def test_only_rows_of_both_count_in_whatever_order() -> None:
    first, second = drawn(1, (1, 2))
    shared = np.flatnonzero(first.predictions.folds == 0)
    expected = judged(on(shared, first), on(shared, second))
    screened = judged(first, on(np.random.default_rng(0).permutation(shared), second))
    assert (screened.pooled, screened.by_fold) == (expected.pooled, expected.by_fold)
    assert (screened.rows, screened.rows_of) == (len(shared), (300, len(shared)))


def test_one_fold_is_never_real_and_says_so() -> None:
    first, second = drawn(2, (0.5, 3), count=1)
    comparison = judged(first, second)
    assert comparison.over_rows.excludes_zero
    assert comparison.verdict == "not yet real"
    assert any("needs at least 2 folds, each with a score" in sentence for sentence in comparison.sentences)
    written = json.loads(json.dumps(comparison.as_json(), allow_nan=False))
    assert written["interval_over_folds"] == [None, None]
    assert written["folds"]["0"]["gain"] == pytest.approx(comparison.pooled.gain, abs=1e-6)


def test_intervals_of_opposite_signs_are_not_real() -> None:
    comparison = judged(*drawn(0, (1, 2.5)))
    assert not replace(comparison, over_rows=Interval(-2, -1)).is_real


def test_a_value_that_is_known_to_neither_is_the_same_in_both() -> None:
    first, second = drawn(4, (1, 2), rows=20)
    unknown = np.where(np.arange(20) == 3, np.nan, 1.0)
    first, second = replace(first, targets=unknown), replace(second, targets=unknown)
    assert len(_shared_rows(first, second)[0]) == 20
    with pytest.raises(Refusal, match="other targets for 1 rows: row 'row 3' has nan in the one"):
        _shared_rows(first, replace(second, targets=np.ones(20)))


def test_runs_that_cannot_be_compared_are_refused() -> None:
    first, second = drawn(3, (1, 1), rows=20)
    with pytest.raises(Refusal, match=r"`a` \(folds 0\) and `b` \(folds 1\) have no row in common"):
        judged(on(np.arange(0, 20, 5), first), on(np.arange(1, 20, 5), second))
    other = replace(second.predictions, classes=("dog", "cat", "eel"))
    with pytest.raises(Refusal, match=r"run `b` was predicted for other classes.*output 0 is 'dog' there, 'cat' here"):
        judged(first, replace(second, predictions=other))
    other = replace(second.predictions, folds=(second.predictions.folds + 1) % 5)
    with pytest.raises(Refusal, match="other folds for 20 rows: row 'row 0' has 0 in the one, 1 in the other"):
        judged(first, replace(second, predictions=other))
    with pytest.raises(Refusal, match="other targets for"):
        judged(first, replace(second, targets=(second.targets + 1) % 3))
