"""How long things take: in pairs, interleaved, since machines differ and this kind is noisy."""

import time
from collections.abc import Callable

PAIRS = 7
"""Of whose ratios the median counts."""


def seconds_of(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
