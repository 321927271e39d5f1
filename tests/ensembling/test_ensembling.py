from pathlib import Path

import numpy as np
import pytest
from scipy.special import softmax

from foldline.ensembling.chain import Chain, NestedChain
from foldline.ensembling.coverage import Roster
from foldline.ensembling.ensembling import Ensembled, fill_out_of_fold, fill_test
from foldline.ensembling.members import AVERAGES, Member, Reading, member
from foldline.ensembling.probabilities import Probabilities, StoredScores
from foldline.ensembling.scales import OfScores
from foldline.files import arrays
from foldline.files.refusal import Refusal
from foldline.predicting.logits import Logits, read_logits, write_logits

CLASSES = ("cat", "dog", "eel")
ROSTER = Roster(("a", "b", "c", "d", "e"), np.array([1, 0, 1, 0, 1]), np.arange(5), ("x", "y"))
SCALE = OfScores("distribution")
PROBABILITIES, LOGITS = (Reading(AVERAGES[name], SCALE, None) for name in ("probabilities", "logits"))
UNCHANGED = NestedChain(Chain(()), {0: Chain(()), 1: Chain(())})


def a_model(fold: int, seed: int, views: int = 2, classes: tuple[str, ...] = CLASSES) -> Logits:
    generator = np.random.default_rng(seed)
    ids = tuple(ROSTER.out_of_fold_ids[row] for row in ROSTER.in_fold(fold))
    return Logits(
        validation=generator.normal(size=(len(ids), views, len(classes))).astype(np.float32),
        test=generator.normal(size=(2, views, len(classes))).astype(np.float32),
        validation_ids=ids,
        test_ids=ROSTER.test_ids,
        views=tuple(f"view {number}" for number in range(views)),
        classes=classes,
        activation="softmax",
    )


def filled(models: dict[int, Logits], reading: Reading = PROBABILITIES) -> tuple[np.ndarray, np.ndarray]:
    members = [member(fold, logits, ROSTER, CLASSES, f"fold {fold}") for fold, logits in models.items()]
    return filled_by(members, ROSTER, reading)


def filled_by(members: list[Member], roster: Roster, reading: Reading) -> tuple[np.ndarray, np.ndarray]:
    """Out-of-fold and test rows; their scores tell the same."""
    rows, tests = len(roster.folds), len(roster.test_ids)
    ids = (roster.out_of_fold_ids, roster.test_ids)
    means, scores = ((np.zeros((rows, 3), np.float32), np.zeros((tests, 3), np.float32)) for _ in range(2))
    ensembled = Ensembled(Probabilities(*means, *ids, roster.folds, CLASSES, "distribution"), StoredScores(*scores))
    fill_out_of_fold(ensembled, members, roster, reading, UNCHANGED)
    fill_test(ensembled, members, reading, UNCHANGED.whole)
    for one, score in zip(means, scores, strict=True):
        np.testing.assert_allclose(np.exp(score), one, rtol=1e-5)
    return means


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
    logits = Logits(values, values, logits.validation_ids, logits.test_ids, logits.views, CLASSES, "softmax")
    roster = Roster(logits.validation_ids, np.array([0, 0]), np.arange(2), logits.test_ids)
    only = [member(0, logits, roster, CLASSES, "fold 0")]
    out_of_fold, test = filled_by(only, roster, LOGITS)
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
        member(1, other, ROSTER, CLASSES, "fold 1")
    fewer = a_model(1, 2, classes=("cat", "dog"))
    with pytest.raises(Refusal, match=r"fold 1 was predicted for other classes.*: 2 there, 3 in classes.json"):
        member(1, fewer, ROSTER, CLASSES, "fold 1")


@pytest.mark.parametrize("part", ["validation", "test"])
def test_a_member_with_nan_is_refused_by_its_name(part: str) -> None:
    broken = a_model(1, 2)
    getattr(broken, part)[1, 0, 2] = np.nan
    with pytest.raises(Refusal, match="fold 1: the logits hold NaN or infinities, first in row 1 "):
        filled({0: a_model(0, 1), 1: broken})
