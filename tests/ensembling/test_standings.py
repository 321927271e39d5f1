"""What a run gains against the best is worked out by hand; what a comparison of the rows said comes first."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

from foldline.ensembling.finished_runs import FinalScores, FinishedRun
from foldline.ensembling.standings import best_run, remember, standing

FILES = {"folds.csv": "f", "targets.npy": "t"}


def run(name: str, *folds: float | None, metric: str = "log_loss", is_error: bool | None = True) -> FinishedRun:
    """Its score is the mean of its folds'."""
    defined = [fold for fold in folds if fold is not None]
    scores = FinalScores(
        metric=metric,
        score=sum(defined) / len(defined),
        fold_scores={str(fold): score for fold, score in enumerate(folds)},
        higher_is_better=None if is_error is None else not is_error,
    )
    return FinishedRun((name,), "saved", 0.0, {}, FILES | {"clip/out_of_fold.npy": name}, scores)


BEST = run("best", 0.5, 0.4, 0.6)


def test_the_standard_error_is_that_of_the_folds_mean() -> None:
    assert BEST.standard_error == pytest.approx(0.1 / math.sqrt(3))
    assert math.isnan(run("one", 0.5).standard_error)


def test_the_best_has_the_most_folds_and_the_best_score_of_the_latest_runs_metric() -> None:
    screened, worse, of_another = (
        run("lucky", 0.1),
        run("worse", 0.5, 0.5, 0.6),
        run("auc", 0.9, 0.9, 0.9, metric="auc"),
    )
    assert best_run([of_another, screened, worse, BEST]) == (BEST, -1)
    accurate = [replace(one, scores=replace_direction(one)) for one in (worse, BEST)]
    assert best_run(accurate) == (accurate[0], 1)
    assert best_run([run("old", 0.1, 0.2, is_error=None)]) is None
    assert best_run([replace(BEST, scores=None)]) is None
    assert best_run([]) is None


def test_a_fold_without_a_score_is_one_of_a_runs_folds() -> None:
    """As of AUC where a fold has one class alone."""
    whole = run("whole", 0.5, None, None)
    assert (whole.fold_count, replace(whole, scores=None).fold_count) == (3, 0)
    assert math.isnan(run("two defined", 0.5, 0.6, None).standard_error)
    assert best_run([run("lucky", 0.1), whole]) == (whole, -1)


def replace_direction(one: FinishedRun) -> FinalScores:
    assert one.scores is not None
    return one.scores.model_copy(update={"higher_is_better": True})


def test_a_direction_that_one_run_of_the_metric_says_holds_for_those_that_say_none() -> None:
    old = run("old", 0.3, 0.3, 0.3, is_error=None)
    assert best_run([run("auc", 0.9, metric="auc", is_error=False), old, BEST]) == (old, -1)
    assert best_run([run("auc", 0.9, metric="auc", is_error=False), old]) is None


def test_a_gain_is_real_when_its_interval_over_folds_excludes_zero(tmp_path: Path) -> None:
    """Gains of -.1, -.11 and -.12: a mean of -.11 with a standard error of .0058, times 4.3 (two degrees of freedom).
    Of -.1, .05 and -.1: -.05 and .05."""
    real = standing(run("worse", 0.6, 0.51, 0.72), BEST, -1, tmp_path)
    assert (real.gain, real.verdict, real.evidence) == (pytest.approx(-0.11), "real", "folds")
    chance = standing(run("alike", 0.6, 0.35, 0.7), BEST, -1, tmp_path)
    assert (chance.gain, chance.verdict, chance.evidence) == (pytest.approx(-0.05), "not yet", "folds")
    assert standing(BEST, BEST, -1, tmp_path).verdict == "best"


def test_folds_that_both_have_are_compared_and_one_never_decides(tmp_path: Path) -> None:
    screened = run("screened", None, 0.3)
    found = standing(screened, BEST, -1, tmp_path)
    assert (found.gain, found.verdict) == (pytest.approx(0.1), "not yet")
    two = standing(run("two", 0.6, 0.5), BEST, -1, tmp_path)
    assert (two.gain, two.verdict) == (pytest.approx(-0.1), "real"), "the same in both: no scatter at all"


def test_what_cannot_be_compared(tmp_path: Path) -> None:
    other_split = replace(BEST, files=BEST.files | {"folds.csv": "g"})
    assert standing(other_split, BEST, -1, tmp_path).verdict == "other folds"
    apart = replace(BEST, scores=FinalScores(metric="log_loss", score=0.5, fold_scores={"3": 0.5}))
    assert standing(apart, BEST, -1, tmp_path) == standing(other_split, BEST, -1, tmp_path)
    for one, verdict in ((replace(BEST, scores=None), ""), (run("auc", 0.9, metric="auc"), "other metric")):
        assert (standing(one, BEST, -1, tmp_path).gain, standing(one, BEST, -1, tmp_path).verdict) == (None, verdict)


def test_what_the_rows_said_is_remembered_of_a_pair_in_either_order(tmp_path: Path) -> None:
    worse = run("worse", 0.6, 0.51, 0.72)
    remember(tmp_path / "compared", ("log_loss", {}), ("best", "worse"), is_real=False)
    found = standing(worse, BEST, -1, tmp_path / "compared")
    assert (found.verdict, found.evidence) == ("not yet", "rows and folds")
    remember(tmp_path / "compared", ("log_loss", {}), ("worse", "best"), is_real=True)
    assert standing(worse, BEST, -1, tmp_path / "compared").verdict == "real"
    assert standing(run("another", 0.6, 0.51, 0.72), BEST, -1, tmp_path / "compared").evidence == "folds"
    of_auc = run("worse", 0.6, 0.51, 0.72, metric="auc")
    assert standing(of_auc, run("best", 0.5, 0.4, 0.6, metric="auc"), -1, tmp_path / "compared").evidence == "folds"


def weighted(one: FinishedRun, weight: float) -> FinishedRun:
    assert one.scores is not None
    return replace(one, scores=one.scores.model_copy(update={"metric_parameters": {"weights": {"cat": weight}}}))


def test_with_other_weights_it_is_another_metric(tmp_path: Path) -> None:
    worse, lucky = run("worse", 0.6, 0.51, 0.72), weighted(run("lucky", 0.1, 0.1, 0.1), 1)
    assert best_run([lucky, *(weighted(one, 2) for one in (BEST, worse))]) == (weighted(BEST, 2), -1)
    assert standing(lucky, weighted(BEST, 2), -1, tmp_path).verdict == "other metric"
    remember(tmp_path, ("log_loss", {"weights": {"cat": 1}}), ("best", "worse"), is_real=False)
    verdicts = [standing(weighted(worse, weight), weighted(BEST, weight), -1, tmp_path).verdict for weight in (1, 2)]
    assert verdicts == ["not yet", "real"]
