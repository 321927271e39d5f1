"""Python's random numbers out of NumPy's, so that seeding one image costs little."""

import random
from itertools import chain

import numpy as np

DRAWN_AHEAD = 32
"""Numbers that one image rarely exceeds; further ones are drawn one by one."""

RANDOM_BITS = 53
"""Of one number in 0..1: its highest ones are as random as any."""


class GeneratorRandom(random.Random):
    """`random.Random` fed by a NumPy generator.

    Seeding Python's own (the 2.5 KB of a Mersenne Twister) takes as long as drawing all that one image needs. Call
    `restart` whenever the generator was seeded.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        super().__init__(0)
        self._generator = generator
        self.restart()

    def restart(self) -> None:
        """Forget what was drawn before."""
        ahead = self._generator.random(DRAWN_AHEAD).tolist()
        # A method of the instance, since an iterator's `__next__` is ten times as fast as a call of one of Python's.
        self.random = chain(ahead, iter(self._generator.random, None)).__next__
        self.gauss_next = None

    def getrandbits(self, k: int, /) -> int:
        """What integers, choices and shuffles are made of."""
        if k <= RANDOM_BITS:
            return int(self.random() * (1 << k))
        return int.from_bytes(self._generator.bytes(-(-k // 8)), "little") >> (-k % 8)
