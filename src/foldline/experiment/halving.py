"""Successive halving: what the first epochs, or the first fold, rule out is trained no further.

In its asynchronous form nothing waits for others (Li et al. 2020, "A System for Massively Parallel Hyperparameter
Tuning"): at a quarter and at half of its epochs a training ends when its validation loss is above the median of those
that came as far before it. Of the cells whose first fold is left, the better half is trained on the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from statistics import median

RUNGS = (0.25, 0.5)
"""As fractions of a training's epochs."""
FEWEST = 3
"""Losses of which a median says something."""


@dataclass
class Halving:
    """What trainings of one fold and seed measured at the rungs, by their number of epochs and the rung's epoch."""

    measured: dict[tuple[int, int], dict[str, float]] = field(default_factory=dict)

    def verdict(self, name: str, losses: Sequence[float], epochs: int) -> tuple[str, int] | None:
        """Why the training ends, after the validation losses of its first epochs, and the epoch that says so; None
        where it goes on."""
        for rung in rungs(epochs):
            others = self.measured.setdefault((epochs, rung), {})
            if len(losses) < rung or name in others:
                continue
            loss, before = losses[rung - 1], list(others.values())
            others[name] = loss
            if len(before) >= FEWEST and not loss <= median(before):
                why = (
                    f"its validation loss after epoch {rung} of {epochs}, {loss:.4g}, is above the median of the "
                    f"{len(before)} that came as far before it, {median(before):.4g}"
                )
                return why, rung
        return None


def rungs(epochs: int) -> list[int]:
    """The epochs after which a training is judged; the last is never one."""
    return [rung for rung in sorted({ceil(epochs * fraction) for fraction in RUNGS}) if rung < epochs]


def worse_half(losses: Mapping[str, float]) -> dict[str, str]:
    """The names of the greater losses, and why they are ruled out; of an odd number the middle one stays."""
    ordered = sorted(losses, key=lambda name: (not losses[name] <= losses[name], losses[name]))
    kept = ceil(len(ordered) / 2)
    return {
        name: f"its validation loss on the first fold, {losses[name]:.4g}, is not among the {kept} least of "
        f"{len(ordered)}"
        for name in ordered[kept:]
    }
