"""What a learning-rate sweep says: its curves smoothed, and the rates that one would read off them."""

import numpy as np
from jaxtyping import Float

Curve = Float[np.ndarray, " steps"]
DIVERGED = 4.0
"""A sweep ends when its smoothed loss is this many times its lowest (fastai's limit)."""
LEARNED = 0.9
"""Of its first value: below it a loss has fallen by more than batches differ, so that the model has learned."""
STILL_FALLING = 0.1
"""The highest stable rate is where the loss still falls by this share of its steepest fall."""


def smoothed(values: Curve, decay: float) -> Curve:
    """Exponential moving average without the pull of its start towards zero (Kingma and Ba 2015, section 3)."""
    mean, means = 0.0, np.empty(len(values))
    for step, value in enumerate(values):
        mean = decay * mean + (1 - decay) * value
        means[step] = mean / (1 - decay ** (step + 1))
    return means


def has_diverged(losses: Curve) -> bool:
    """Whether the last of the smoothed losses is no number, or far above the lowest, or above the first although the
    model had learned: one that began above a guess's loss would else fall back to it, which looks like progress."""
    last, lowest, first = losses[-1], np.min(losses), losses[0]
    lost_what_it_learned = lowest < LEARNED * first and last > first
    return bool(not np.isfinite(last) or last > DIVERGED * lowest or lost_what_it_learned)


def suggest(rates: Curve, losses: Curve) -> dict[str, float]:
    """The rates that a curve of smoothed losses over exponentially growing rates suggests, by name.

    minimum: where the loss is lowest (document 002 takes its best rate there).
    steepest: where it falls fastest with the logarithm of the rate (Smith 2017).
    valley: in the middle of its longest fall (fastai's default).
    highest_stable: the highest rate below the minimum where it still falls noticeably (document 000).
    Where the loss never falls, all but the minimum are the lowest rate.
    """
    lowest = int(np.argmin(losses))
    slopes = np.gradient(losses, np.log(rates))[: lowest + 1]
    steepest = int(np.argmin(slopes))
    falling = np.flatnonzero(slopes <= STILL_FALLING * slopes[steepest])
    return {
        "minimum": float(rates[lowest]),
        "steepest": float(rates[steepest]),
        "valley": float(rates[_valley(losses)]),
        "highest_stable": float(rates[falling[-1] if slopes[steepest] < 0 else 0]),
    }


def _valley(losses: Curve) -> int:
    """The middle of the longest decreasing subsequence, taken to be as long as it has members (fastai)."""
    lengths, before = np.ones(len(losses), np.int64), np.arange(len(losses))
    for step in range(1, len(losses)):
        higher = np.flatnonzero(losses[:step] > losses[step])
        if len(higher):
            before[step] = higher[np.argmax(lengths[higher])]
            lengths[step] = lengths[before[step]] + 1
    end = int(np.argmax(lengths))
    start = max(end - int(lengths[end]), 0)
    return start + (end - start) // 2
