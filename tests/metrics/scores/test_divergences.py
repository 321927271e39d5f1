import numpy as np
import pytest
from scipy.stats import entropy

from foldline.files import arrays
from foldline.files.refusal import Refusal
from foldline.metrics.scores.divergences import kl_divergence

VOTED = np.array([[1, 0], [0.5, 0.5]], np.float32)


def test_by_hand() -> None:
    guesses = np.array([[0.5, 0.5], [0.25, 0.75]], np.float32)
    expected = (np.log(2) + 0.5 * np.log(2) + 0.5 * np.log(2 / 3)) / 2
    assert kl_divergence(VOTED, guesses) == pytest.approx(expected)
    assert kl_divergence(VOTED, VOTED) == pytest.approx(0, abs=1e-12)


def test_a_share_that_was_given_no_chance_costs_what_kaggle_clips_to() -> None:
    assert kl_divergence(VOTED[:1], np.array([[0, 1]], np.float32)) == pytest.approx(-np.log(1e-15))


def test_it_is_scipys_relative_entropy_whatever_the_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(0)
    voted, guesses = (generator.dirichlet(np.ones(6), 50).astype(np.float32) for _ in range(2))
    monkeypatch.setattr(arrays, "BLOCK_BYTES", 7 * 24)
    assert kl_divergence(voted, guesses) == pytest.approx(entropy(voted, guesses, axis=1).mean(), rel=1e-5)


def test_nan_is_refused() -> None:
    with pytest.raises(Refusal, match="predictions of row 1 cannot be scored"):
        kl_divergence(VOTED, np.array([[1, 0], [np.nan, 0]], np.float32))
