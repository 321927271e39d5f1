"""Python's random numbers from NumPy's generator: the same after the same seed, and spread as Python's are."""

import random
from collections.abc import Callable

import numpy as np
import pytest

from foldline.training.augmentation import DRAWN_AHEAD, GeneratorRandom

DRAWS: list[Callable[[random.Random], object]] = [
    lambda source: source.random(),
    lambda source: source.gauss(0, 1),
    lambda source: source.randint(0, 10**30),
    lambda source: source.choice("abc"),
    lambda source: source.sample(range(100), 3),
    lambda source: [source.random() for _ in range(2 * DRAWN_AHEAD)],
]


@pytest.mark.parametrize("draw", DRAWS)
def test_a_restart_forgets_all_that_was_drawn(draw: Callable[[random.Random], object]) -> None:
    bits = np.random.Philox(7)
    start, source = bits.state, GeneratorRandom(np.random.Generator(bits))
    seen = []
    for before in DRAWS:
        bits.state = start
        source.restart()
        seen.append(draw(source))
        before(source)
    assert all(value == seen[0] for value in seen)


def test_numbers_go_on_after_those_that_were_drawn_ahead() -> None:
    generator = np.random.default_rng(3)
    source = GeneratorRandom(np.random.default_rng(3))
    assert [source.random() for _ in range(DRAWN_AHEAD + 5)] == generator.random(DRAWN_AHEAD + 5).tolist()


def test_bits_and_choices_are_even() -> None:
    source = GeneratorRandom(np.random.default_rng(0))
    counts = np.bincount([source.randrange(3) for _ in range(3000)], minlength=3)
    assert counts.min() > 870 and counts.sum() == 3000  # five standard deviations
    bits = [source.getrandbits(11) for _ in range(2000)]
    assert max(bits) < 2**11 and min(bits) >= 0 and len(set(bits)) > 1000
