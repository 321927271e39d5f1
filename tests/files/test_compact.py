"""What is stored of predictions over very many classes, and what is read of it."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import log_softmax, logsumexp, softmax

from foldline.files import compact
from foldline.files.arrays import gather, put, take
from foldline.files.compact import KEPT, CompactArray, create_values, is_compact, open_values
from foldline.files.refusal import Refusal

CLASSES = 2500


def drawn_logits(rows: int = 6, views: int = 2) -> np.ndarray:
    return (np.random.default_rng(0).normal(size=(rows, views, CLASSES)) * 3 + 50).astype(np.float32)


def stored(folder: Path, values: np.ndarray, scale: compact.Scale) -> CompactArray:
    """Written in two blocks, and opened again."""
    written = create_values(folder / "values.npy", values.shape, scale, distribution=True)
    for block in (slice(0, 2), np.arange(2, len(values))):
        put(written, block, values[block])
    opened = open_values(folder / "values.npy", values.shape, scale, True, "axes")
    assert isinstance(opened, CompactArray)
    return opened


@pytest.mark.parametrize(
    ("classes", "distribution", "expected"), [(2001, True, True), (2000, True, False), (9999, False, False)]
)
def test_only_distributions_over_many_classes_are_compact(
    tmp_path: Path, classes: int, distribution: bool, expected: bool
) -> None:
    assert is_compact(classes, distribution) == expected
    values = create_values(tmp_path / "values.npy", (3, classes), "probabilities", distribution)
    assert isinstance(values, CompactArray) == expected
    assert (values.shape, values.dtype, len(values)) == ((3, classes), np.float32, 3)


def test_the_highest_logits_come_back_to_float16_and_the_others_share_what_is_left(tmp_path: Path) -> None:
    logits = drawn_logits()
    read = take(stored(tmp_path, logits, "logits"), slice(0, 6))
    exact = log_softmax(logits.astype(np.float64), axis=-1)
    highest = np.argsort(-exact, axis=-1)[..., :KEPT]
    np.testing.assert_allclose(
        np.take_along_axis(read, highest, -1), np.take_along_axis(exact, highest, -1), rtol=2**-10, atol=1e-3
    )
    assert logsumexp(read, axis=-1) == pytest.approx(0, abs=2e-3)
    of_others = np.ones_like(exact, bool)
    np.put_along_axis(of_others, highest, False, -1)
    kept_mass = np.exp(exact[of_others]).reshape(6, 2, -1).sum(-1)
    np.testing.assert_allclose(softmax(read, -1)[of_others].reshape(6, 2, -1).sum(-1), kept_mass, rtol=1e-2)
    assert np.ptp(read[of_others].reshape(6, 2, -1), axis=-1).max() == 0


def test_probabilities_come_back_and_rows_sum_to_one(tmp_path: Path) -> None:
    probabilities = softmax(drawn_logits()[:, 0], axis=-1)
    read = take(stored(tmp_path, probabilities, "probabilities"), slice(0, 6))
    highest = np.argsort(-probabilities, axis=-1)[:, :KEPT]
    np.testing.assert_array_equal(np.take_along_axis(read, highest, -1), np.take_along_axis(probabilities, highest, -1))
    np.testing.assert_allclose(read.sum(axis=1, dtype=np.float64), 1, atol=1e-6)


def test_single_classes_and_the_top_need_no_dense_row(tmp_path: Path) -> None:
    probabilities = softmax(drawn_logits()[:, 0], axis=-1)
    values = stored(tmp_path, probabilities, "probabilities")
    dense = take(values, slice(0, 6))
    targets = np.array([int(dense[0].argmax()), int(dense[1].argmin()), 0, 1, 2, CLASSES - 1])
    np.testing.assert_array_equal(values.of(targets), dense[np.arange(6), targets])
    classes, likelihoods = values.top(5)
    np.testing.assert_array_equal(classes, np.argsort(-dense, axis=1, kind="stable")[:, :5])
    np.testing.assert_array_equal(likelihoods, -np.sort(-dense, axis=1)[:, :5])
    assert values.top(KEPT + 1)[0].shape == (6, KEPT)


def test_of_equal_values_the_lowest_class_is_first() -> None:
    values = np.zeros((1, CLASSES), np.float32)
    values[0, [7, 3, 2000]] = 0.25
    values[0, :KEPT] += 0.001
    _, classes, _ = compact._compacted(values, "probabilities", 4)
    assert classes[0, :3].tolist() == [3, 7, 2000]


def test_chosen_rows_stay_compact(tmp_path: Path) -> None:
    values = stored(tmp_path, drawn_logits(), "logits")
    rows = np.array([4, 1])
    chosen = gather(values, rows)
    assert isinstance(chosen, CompactArray)
    np.testing.assert_array_equal(take(chosen, slice(0, 2)), take(values, rows))


def test_nan_is_not_lost(tmp_path: Path) -> None:
    logits = drawn_logits()
    logits[3, 1, 17] = np.nan
    assert np.isnan(take(stored(tmp_path, logits, "logits"), slice(3, 4))[0, 1]).any()


def test_a_dense_whole_is_a_mistake_that_ends_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    values = stored(tmp_path, drawn_logits(), "logits")
    monkeypatch.setattr(compact, "MOST_DENSE_BYTES", 5 * 2 * CLASSES * 4)
    assert take(values, slice(0, 5)).shape == (5, 2, CLASSES)
    with pytest.raises(RuntimeError, match="take blocks of rows"):
        take(values, slice(0, 6))
    for function in (np.mean, np.exp, lambda array: array + 1):
        with pytest.raises(TypeError, match=r"compact|__array_ufunc__"):
            function(values)


def test_a_file_of_another_shape_is_refused(tmp_path: Path) -> None:
    stored(tmp_path, drawn_logits(), "logits")
    with pytest.raises(Refusal, match=r"values.npy is .*kept.* of shape \(6, 2\), expected .* of \(7, 2\)"):
        open_values(tmp_path / "values.npy", (7, 2, CLASSES), "logits", True, "axes")
