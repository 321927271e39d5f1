import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

from foldline.ensembling.chain import chain_of, fit_chain
from foldline.ensembling.methods import ConvexCombination, Equal, HillClimbing, Method, Ranks, Stacking
from foldline.ensembling.predictions import Predictions, create_scores
from foldline.ensembling.row_sources import Stored, StoredRows, cross_fitted, fit_data, fit_steps, fitted
from foldline.ensembling.runs import Run, agreement, aligned, blend_scale, with_ranks
from foldline.ensembling.scales import OfLogProbabilities, Scale
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context
from foldline.ensembling.view_averages import ranks_within
from foldline.ensembling.weight_fitting import fit_pool, pooled
from foldline.files.compact import create_values
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import AsPredicted
from foldline.metrics.kinds.of_numbers import Mse, Rmse
from foldline.metrics.kinds.of_order import Auc
from foldline.metrics.kinds.of_probabilities import LogLoss
from tests.ensembling.drawing import scorer_of
from tests.words import DISTRIBUTION, INDEPENDENT, NUMBERS

CONVEX = ConvexCombination(kind="convex_combination")
SCORER = scorer_of(LogLoss(kind="log_loss"))
ROWS = 400
TARGETS = np.random.default_rng(9).integers(3, size=ROWS)


def a_run(name: str, strength: float, seed: int) -> Run:
    generator = np.random.default_rng(seed)
    scores = strength * np.eye(3)[TARGETS] + generator.normal(size=(ROWS, 3))
    predictions = Predictions(
        out_of_fold=softmax(scores, axis=1).astype(np.float32),
        test=softmax(generator.normal(size=(4, 3)), axis=1).astype(np.float32),
        out_of_fold_ids=tuple(f"row {row}" for row in range(ROWS)),
        test_ids=("a", "b", "c", "d"),
        folds=np.arange(ROWS) % 4,
        classes=("cat", "dog", "eel"),
        form=DISTRIBUTION,
    )
    return Run(name, predictions, TARGETS, np.arange(ROWS), Path(name))


STRONG, WEAK = a_run("strong", 3.0, 0), a_run("weak", 0.2, 1)


def changed(run: Run, **fields: object) -> Run:
    return replace(run, predictions=replace(run.predictions, **fields))


@pytest.fixture(autouse=True)
def stored_scores(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of both runs, in the folders that they name."""
    monkeypatch.chdir(tmp_path)
    for run in (STRONG, WEAK):
        run.folder.mkdir()
        scores = create_scores(run.folder, run.predictions, has_scores=True)
        scores.out_of_fold[:], scores.test[:] = np.log(run.predictions.out_of_fold), np.log(run.predictions.test)


def blended(runs: list[Run], method: Method) -> tuple[np.ndarray, np.ndarray, float]:
    """Cross-fitted out-of-fold rows, test rows, and the weights' nested gain."""
    scale = blend_scale(method, DISTRIBUTION, 3)
    source = aligned(runs, TARGETS, method, scale)
    names = tuple(run.name for run in runs)
    steps, _ = method.planned(Context(scale, SCORER, 3, names, blends=True))
    chain = fit_steps(steps, source, "blend")
    ((_, (out_of_fold,)),) = cross_fitted(source, chain, "blend")
    ((_, ((test,),)),) = fitted(source, chain, "blend")
    return out_of_fold, test, chain.whole.gains[0].cross_validated


@pytest.mark.parametrize(
    "method",
    [
        CONVEX,
        HillClimbing(kind="hill_climbing", rounds=10),
        Stacking(kind="stacking", penalty=1.0),
    ],
)
def test_a_weak_run_loses_its_weight(method: Method) -> None:
    out_of_fold, test, gain = blended([STRONG, WEAK], method)
    equal, _, nothing = blended([STRONG, WEAK], Equal(kind="equal"))
    assert gain > 0.1
    assert nothing == 0
    assert SCORER.score(TARGETS, out_of_fold) < SCORER.score(TARGETS, equal) - 0.1
    assert np.abs(test.sum(axis=1) - 1).max() < 1e-6
    if not isinstance(method, Stacking):
        np.testing.assert_allclose(test, STRONG.predictions.test, atol=0.02)


def test_equal_weights_stay_between_equal_runs() -> None:
    out_of_fold, _, gain = blended([STRONG, a_run("twin", 3.0, 0)], CONVEX)
    assert gain == pytest.approx(0, abs=1e-7)
    np.testing.assert_allclose(out_of_fold, STRONG.predictions.out_of_fold, atol=1e-6)


def test_the_order_of_a_runs_rows_changes_nothing() -> None:
    order = np.random.default_rng(3).permutation(ROWS)
    predictions = WEAK.predictions
    permuted = changed(
        WEAK,
        out_of_fold=predictions.out_of_fold[order],
        out_of_fold_ids=tuple(predictions.out_of_fold_ids[row] for row in order),
        folds=predictions.folds[order],
        test=predictions.test[::-1],
        test_ids=predictions.test_ids[::-1],
    )
    for ours, theirs in zip(
        blended([STRONG, WEAK], CONVEX),
        blended([STRONG, permuted], CONVEX),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"classes": ("cat", "eel", "dog")}, "run `weak` was predicted for other classes, .* output 1 is 'eel' there"),
        ({"folds": np.arange(ROWS) % 5}, "run `weak` has 320 rows in another fold than run `strong`: row 4, row 5"),
        ({"form": INDEPENDENT}, "run `weak` holds predictions of the form independent"),
        ({"test_ids": ("a", "b", "c", "z")}, "run `weak`, test rows: 1 of 4 rows are not predicted: d"),
        ({"out_of_fold_ids": ("x",) * ROWS}, "run `weak`, out-of-fold rows: rows are predicted twice: x"),
    ],
)
def test_runs_on_other_rows_are_refused(fields: dict, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        aligned([STRONG, changed(WEAK, **fields)], TARGETS, GREEDY, Scale(DISTRIBUTION))


def test_convex_weights_take_a_smooth_metric() -> None:
    with pytest.raises(
        Refusal, match=r"convex_combination, which takes a smooth metric .*rmse.* but the card's is auc"
    ):
        CONVEX.planned(Context(Scale(DISTRIBUTION), scorer_of(Auc(kind="auc")), 3, ("a", "b")))


def test_the_squared_error_and_its_root_have_the_same_weights() -> None:
    generator = np.random.default_rng(0)
    targets = generator.normal(size=(60, 1)).astype(np.float32)
    inputs = tuple((targets + generator.normal(scale=size, size=(60, 1))).astype(np.float32) for size in (0.5, 1.0))
    weights = []
    for fact in (Rmse(kind="rmse"), Mse(kind="mse")):
        scorer = Scorer(fact, AsPredicted(kind="as_predicted"))
        step = CONVEX.on(Context(Scale(NUMBERS), scorer, 1, ("a", "b")))
        weights.append(step.fit(step.fit_data(inputs, targets), targets))
    np.testing.assert_array_equal(*weights)
    assert weights[0][0] > weights[0][1] > 0


@pytest.mark.parametrize(
    "method", [CONVEX, HillClimbing(kind="hill_climbing", rounds=5), Stacking(kind="stacking", penalty=10)]
)
def test_what_was_fitted_does_the_same_after_json(method: Method) -> None:
    scale = blend_scale(method, DISTRIBUTION, 3)
    steps, _ = method.planned(Context(scale, SCORER, 3, ("strong", "weak"), blends=True))
    data = fit_data(aligned([STRONG, WEAK], TARGETS, method, scale))
    chain = fit_chain(steps, data)
    again = chain_of(steps, json.loads(json.dumps(chain.written())))
    assert chain.gains[0].applied
    np.testing.assert_array_equal(again.apply(data.inputs)[0], chain.apply(data.inputs)[0])


def test_ranks_take_a_metric_of_order() -> None:
    with pytest.raises(
        Refusal, match=r"ranks, which takes a metric of nothing but order .* but the card's is log_loss"
    ):
        Ranks(kind="ranks").planned(Context(Scale(DISTRIBUTION), SCORER, 3, ("a", "b")))


def test_the_runs_ranks_come_after_their_predictions() -> None:
    predictions = a_run("two", 1.0, 5).predictions
    one = np.column_stack([1 - predictions.out_of_fold[:, 0], predictions.out_of_fold[:, 0]])
    folds, test = np.arange(ROWS) % 4, np.array([[0.9, 0.1], [0.2, 0.8]], np.float32)
    rows = StoredRows(TARGETS, folds, np.arange(ROWS), (Stored(one),), (Stored(test),))
    both = with_ranks(rows, DISTRIBUTION)
    chosen = np.array([7, 3])
    np.testing.assert_array_equal(both.out_of_fold(3, chosen)[1], ranks_within(one, folds, DISTRIBUTION)[chosen])
    np.testing.assert_allclose(both.test(np.arange(2))[0][1], [[0.75, 0.25], [0.25, 0.75]])


def test_ranks_by_hand() -> None:
    """Within each group, 1st and 2nd of two lie at a quarter and three quarters; equal ones at the middle."""
    positive = np.array([0.9, 0.1, 0.4, 0.4], np.float32)
    ranks = ranks_within(np.column_stack([1 - positive, positive]), np.array([0, 0, 1, 1]), DISTRIBUTION)
    np.testing.assert_allclose(ranks, [[0.25, 0.75], [0.75, 0.25], [0.5, 0.5], [0.5, 0.5]])
    with pytest.raises(Refusal, match="ranks of several classes"):
        ranks_within(np.zeros((2, 3), np.float32), np.array([0, 0]), DISTRIBUTION)


def test_the_mean_of_ranks_must_gain_too() -> None:
    """The second run's probabilities are right but tiny, so that its order hardly counts in a mean."""
    generator = np.random.default_rng(4)
    targets = generator.integers(2, size=300)
    noise = generator.uniform(size=300).astype(np.float32)
    good = (0.001 * (targets + generator.uniform(size=300))).astype(np.float32)
    scorer = scorer_of(Auc(kind="auc"))
    inputs = tuple(np.column_stack([1 - one, one]).astype(np.float32) for one in (noise, good))
    folds = np.arange(300) % 3
    ranks = tuple(ranks_within(one, folds, DISTRIBUTION) for one in inputs)
    step = Ranks(kind="ranks").on(Context(Scale(DISTRIBUTION), scorer, 2, ("noise", "good")))
    assert scorer.score(targets, step.apply(True, (*inputs, *ranks))[0]) > 0.7
    assert scorer.score(targets, Scale(DISTRIBUTION).mean(inputs)) < 0.6


def test_stacking_finds_weights_and_biases_that_were_there() -> None:
    generator = np.random.default_rng(5)
    inputs, scale = tuple(log_softmax(generator.normal(size=(2, 20_000, 3)), axis=2)), OfLogProbabilities(DISTRIBUTION)
    scores = 1.5 * inputs[0] + 0.25 * inputs[1] + np.array([0.5, 0, -0.5])
    targets = (scores + generator.gumbel(size=scores.shape)).argmax(axis=1)
    pool = fit_pool(inputs, targets, scale, penalty=1.0)
    np.testing.assert_allclose(pool.weights, [1.5, 0.25], atol=0.05)
    np.testing.assert_allclose(pool.biases - pool.biases.mean(), [0.5, 0, -0.5], atol=0.05)
    np.testing.assert_allclose(
        np.exp(pooled(pool, inputs, scale)).mean(axis=0), np.eye(3)[targets].mean(axis=0), atol=0.01
    )


def test_agreement_by_hand() -> None:
    """Of two rows, the second is another class; the one member's numbers are the other's turned round."""
    one = np.array([[0.75, 0.25], [0.25, 0.75]], np.float32)
    other = np.array([[0.75, 0.25], [0.75, 0.25]], np.float32)
    alike = agreement((one, one[::-1].copy(), other), DISTRIBUTION)
    assert alike.correlation[0, 1] == pytest.approx(-1)
    assert alike.disagreement.tolist() == [[0, 1, 0.5], [1, 0, 0.5], [0.5, 0.5, 0]]
    assert np.isnan(agreement((one[:, :1], other[:, :1]), NUMBERS).disagreement).all()


@pytest.mark.parametrize("far", [0, 1e4, 1e7])
def test_runs_go_together_however_far_their_numbers_are_from_0(far: float) -> None:
    one = (far + np.random.default_rng(0).integers(-9, 9, (500, 1))).astype(np.float32)
    other = one + np.random.default_rng(1).integers(-9, 9, (500, 1)).astype(np.float32)
    wanted = np.corrcoef(one[:, 0].astype(np.float64), other[:, 0].astype(np.float64))
    np.testing.assert_allclose(agreement((one, other), NUMBERS).correlation, wanted, rtol=1e-9)
    flat = np.full_like(one, 123.456)
    np.testing.assert_array_equal(agreement((flat, flat), NUMBERS).correlation, np.full((2, 2), np.nan))


GREEDY = HillClimbing(kind="hill_climbing", rounds=4)


def test_runs_of_very_many_classes_are_weighed_too(tmp_path: Path) -> None:
    """Their files hold the highest values of a row alone; the weights take all of them."""
    rows, classes = 12, 2_500
    targets, folds, values = np.arange(rows), np.arange(rows) % 3, []
    for run, strength in enumerate((12.0, 6.0)):
        scores = np.random.default_rng(run).normal(size=(rows, classes))
        scores[targets, targets] += strength
        values.append(create_values(tmp_path / f"{run}.npy", scores.shape, "probabilities", distribution=True))
        values[-1][:] = softmax(scores, axis=1)
    stored = tuple(map(Stored, values))
    source = StoredRows(targets, folds, np.arange(rows), stored, stored)
    scale = blend_scale(GREEDY, DISTRIBUTION, classes)
    steps, _ = GREEDY.planned(Context(scale, SCORER, classes, ("a", "b"), blends=True))
    ((_, ((mixed,),)),) = fitted(source, fit_steps(steps, source, "blend"), "blend")
    assert mixed.shape == (rows, classes) and mixed[:].sum(axis=1) == pytest.approx(np.ones(rows), abs=1e-4)
    for method in (CONVEX, Stacking(kind="stacking", penalty=1.0)):
        with pytest.raises(Refusal, match="takes the predictions of all classes, but with more than 2,000 classes"):
            method.planned(Context(blend_scale(method, DISTRIBUTION, classes), SCORER, classes, ("a", "b")))


def test_runs_without_stored_scores_cannot_be_stacked() -> None:
    (STRONG.folder / "test_scores.npy").unlink()
    with pytest.raises(Refusal, match=r"test_scores.npy does not exist"):
        blended([STRONG, WEAK], Stacking(kind="stacking", penalty=1.0))
