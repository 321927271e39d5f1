from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.chain import Chain, NestedChain
from foldline.ensembling.ensembling import EnsemblePlan, write_ensemble
from foldline.ensembling.members import Predicted, member
from foldline.ensembling.predictions import read_scores
from foldline.ensembling.scales import OfLogProbabilities
from foldline.ensembling.view_averages import Average, Reading
from foldline.files import arrays
from foldline.files.refusal import Refusal
from foldline.predicting.logits import Logits, read_logits
from foldline.predicting.predicted_rows import ExpectedRows
from tests.ensembling.written import write_logits
from tests.words import AVERAGES, DISTRIBUTION, SOFTMAX

CLASSES = ("cat", "dog", "eel")
EXPECTED = ExpectedRows(("a", "b", "c", "d", "e"), np.array([1, 0, 1, 0, 1]), np.arange(5), ("x", "y"))
SCALE = OfLogProbabilities(DISTRIBUTION)
PROBABILITIES, LOGITS = AVERAGES["probabilities"], AVERAGES["logits"]
UNCHANGED = NestedChain(Chain(()), {0: Chain(()), 1: Chain(())})


def a_model(fold: int, seed: int, views: int = 2, classes: tuple[str, ...] = CLASSES) -> Logits:
    generator = np.random.default_rng(seed)
    ids = tuple(EXPECTED.out_of_fold_ids[row] for row in EXPECTED.in_fold(fold))
    return Logits(
        validation=generator.normal(size=(len(ids), views, len(classes))).astype(np.float32),
        test=generator.normal(size=(2, views, len(classes))).astype(np.float32),
        validation_ids=ids,
        test_ids=EXPECTED.test_ids,
        views=tuple(f"view {number}" for number in range(views)),
        classes=classes,
        activation=SOFTMAX,
    )


def filled(
    models: dict[int, Logits], average: Average = PROBABILITIES, rows: ExpectedRows = EXPECTED
) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold and test rows; their scores tell the same."""
    members = [member(fold, logits, rows, CLASSES, f"fold {fold}") for fold, logits in models.items()]
    targets = np.zeros(len(rows.folds), np.int64)
    predicted = Predicted(members, ("seed 0",), ("identity",), SOFTMAX, rows, targets, CLASSES)
    plan = EnsemblePlan(predicted.read_by(Reading(average, SCALE, None)), [], [])
    with TemporaryDirectory() as folder:
        means = write_ensemble(Path(folder), plan, predicted, UNCHANGED)
        scores = read_scores(Path(folder), means)
        found = tuple(np.array(one) for one in (means.out_of_fold, means.test))
        for one, score in zip(found, (scores.out_of_fold, scores.test), strict=True):
            np.testing.assert_allclose(np.exp(score), one, rtol=1e-5)
    return found[0], found[1]


def test_a_row_is_predicted_by_the_model_of_its_fold_alone() -> None:
    models = {0: a_model(0, 1), 1: a_model(1, 2)}
    out_of_fold, _ = filled(models)
    expected = np.empty((5, 3))
    expected[[1, 3]] = softmax(models[0].validation, axis=2).mean(axis=1)
    expected[[0, 2, 4]] = softmax(models[1].validation, axis=2).mean(axis=1)
    np.testing.assert_allclose(out_of_fold, expected, atol=1e-7)


def test_a_test_row_is_the_mean_of_all_models_and_views() -> None:
    models = {0: a_model(0, 1), 1: a_model(1, 2)}
    every = np.concatenate([models[0].test, models[1].test], axis=1)
    np.testing.assert_allclose(filled(models)[1], softmax(every, axis=2).mean(axis=1), atol=1e-7)
    np.testing.assert_allclose(filled(models, LOGITS)[1], softmax(every.mean(axis=1), axis=1), atol=1e-7)


def test_the_mean_of_logits_by_hand() -> None:
    """Logits 0 and 2 log 3 for the first of two equal rivals: their mean is log 3, so 3 : 1 : 1."""
    logits = a_model(0, 0)
    values = np.zeros((2, 2, 3), np.float32)
    values[:, 1, 0] = 2 * np.log(3)
    logits = Logits(values, values, logits.validation_ids, logits.test_ids, logits.views, CLASSES, SOFTMAX)
    expected = ExpectedRows(logits.validation_ids, np.array([0, 0]), np.arange(2), logits.test_ids)
    out_of_fold, test = filled({0: logits}, LOGITS, expected)
    np.testing.assert_allclose(out_of_fold, [[0.6, 0.2, 0.2]] * 2, rtol=1e-6)
    np.testing.assert_array_equal(test, out_of_fold)


def test_the_order_of_predicted_rows_changes_nothing(tmp_path: Path) -> None:
    models = {0: a_model(0, 1), 1: a_model(1, 2)}
    permuted = models[1]
    rows = np.array([2, 0, 1])
    permuted = Logits(
        permuted.validation[rows],
        permuted.test[::-1],
        tuple(permuted.validation_ids[row] for row in rows),
        permuted.test_ids[::-1],
        permuted.views,
        permuted.classes,
        permuted.activation,
    )
    write_logits(tmp_path / "fold1", permuted)
    for ours, theirs in zip(filled(models), filled({0: models[0], 1: read_logits(tmp_path / "fold1")}), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    models = {0: a_model(0, 1), 1: a_model(1, 2)}
    whole = filled(models)
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 1)
    assert len(list(arrays.row_blocks((5, 3)))) == 5
    for ours, theirs in zip(whole, filled(models), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_large_logits_overflow_nothing() -> None:
    models = {0: a_model(0, 1), 1: a_model(1, 2)}
    models[0].test[:] = [1e4, 0, -1e4]
    _, test = filled(models)
    assert np.isfinite(test).all()


def test_another_order_of_classes_is_refused() -> None:
    other = a_model(1, 2, classes=("cat", "eel", "dog"))
    with pytest.raises(Refusal, match=r"fold 1 was predicted for other classes.*output 1 is 'eel' there, 'dog' here"):
        member(1, other, EXPECTED, CLASSES, "fold 1")
    fewer = a_model(1, 2, classes=("cat", "dog"))
    with pytest.raises(Refusal, match=r"fold 1 was predicted for other classes.*: 2 there, 3 here"):
        member(1, fewer, EXPECTED, CLASSES, "fold 1")


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_member_with_nan_is_refused_by_its_name(part: str) -> None:
    broken = a_model(1, 2)
    getattr(broken, part)[1, 0, 2] = np.nan
    with pytest.raises(Refusal, match="fold 1: the logits hold NaN or infinities, first in row 1 "):
        filled({0: a_model(0, 1), 1: broken})
