"""Which test-time views are worth their pixels: chosen greedily on out-of-fold rows, while the nested gain is real."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from foldline.card.activations import Activation
from foldline.card.views import cost_of
from foldline.ensembling.chain import Chain, Judge, Step, apart
from foldline.ensembling.members import Reading
from foldline.ensembling.scales import Inputs

FIRST = "identity"
"""The view that additions start from, where it is among the predicted ones."""
NAME = "view"


def ordered(views: Sequence[str]) -> tuple[str, ...]:
    """The view to start from before all others."""
    first = FIRST if FIRST in views else views[0]
    return (first, *(view for view in views if view != first))


@dataclass(frozen=True)
class Addition:
    """Add to the `chosen` views the one of those that are `left` with the highest gain per unit of cost, or none.

    The step takes of each member the mean over the chosen views and then each view that is left, of whatever is
    averaged. It gives each member's scores when it adds none or the last one, and else what the next such step takes,
    which follows at once. Its setting is the name of a view, or None.
    """

    chosen: tuple[str, ...]
    left: tuple[str, ...]
    members: int
    deciding: int
    """How many of the members, from the first on, decide."""
    judge: Judge
    reading: Reading
    activation: Activation

    @property
    def step(self) -> Step:
        return Step(
            f"{NAME} {len(self.chosen) + 1}",
            default=None,
            fit=self._fit,
            apply=self._apply,
            judge=self.judge,
            describe=lambda view: f"none beside {', '.join(self.chosen)}" if view is None else view,
            judged=self._deciding_scores,
            then=self._next,
            note="per unit of cost the best addition",
        )

    def _fit(self, together: Float[np.ndarray, "rows inputs outputs"], targets: np.ndarray) -> str | None:
        inputs = apart(together)

        def score(view: str | None) -> float:
            outputs = self._deciding_scores(self._apply(view, inputs))
            return self.judge.score(targets, self.judge.read(outputs))

        before = score(None)
        gains = [self.judge.metric.gain(before, score(view)) / cost_of(view) for view in self.left]
        best = int(np.nanargmax([*gains, 0.0]))
        return self.left[best] if best < len(self.left) else None

    def _apply(self, view: str | None, inputs: Inputs) -> Inputs:
        width, count = 1 + len(self.left), len(self.chosen)
        groups = [inputs[start : start + width] for start in range(0, len(inputs), width)]
        if view is None:
            return tuple(self._scores(group[0]) for group in groups)
        place, outputs = 1 + self.left.index(view), []
        weights = np.array([count, 1]) / (count + 1)
        for group in groups:
            mean = self.reading.average.of_views(self.reading.scale, (group[0], group[place]), weights)
            rest = (*group[1:place], *group[place + 1 :])
            outputs.extend((mean, *rest) if rest else (self._scores(mean),))
        return tuple(outputs)

    def _deciding_scores(self, outputs: Inputs) -> Inputs:
        per_member = len(outputs) // self.members
        firsts = outputs[::per_member][: self.deciding]
        return firsts if per_member == 1 else tuple(self._scores(one) for one in firsts)

    def _scores(self, mean: np.ndarray) -> np.ndarray:
        return self.reading.average.finished(self.reading.scale, mean, self.activation)

    def _next(self, view: str | None) -> Step | None:
        rest = tuple(one for one in self.left if one != view)
        return replace(self, chosen=(*self.chosen, view), left=rest).step if view is not None and rest else None


def chosen_views(first: str, chain: Chain) -> tuple[str, ...]:
    """The views of a chain of additions to `first`, in the order in which they were added."""
    settings = (decided.setting for decided in chain.steps if decided.step.name.startswith(f"{NAME} "))
    return (first, *(view for view in settings if view is not None))
