"""Which test-time augmentation (TTA) views are worth their pixels: added one by one on out-of-fold rows, while the
cross-validated gain is real."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from pydantic import InstanceOf

from foldline.card.activations import Activation
from foldline.card.views import cost_of
from foldline.ensembling.chain import Chain
from foldline.ensembling.fold_averages import Average
from foldline.ensembling.scales import Inputs
from foldline.ensembling.steps import Step, apart

FIRST = "identity"
"""The view that additions start from, where it is among the predicted ones."""


def ordered(views: Sequence[str]) -> tuple[str, ...]:
    """The view to start from before all others."""
    first = FIRST if FIRST in views else views[0]
    return (first, *(view for view in views if view != first))


class Addition(Step):
    """Add to the `chosen` views the other one with the highest gain per unit of cost, or none.

    It takes of each member an array for each view, of whatever is averaged, and gives the member's scores. Its setting
    is the views that are chosen then.
    """

    name = "view"
    goes_on = True
    views: tuple[str, ...]
    """All, in the order of the arrays."""
    chosen: tuple[str, ...]
    average: InstanceOf[Average]
    activation: Activation
    deciding: int
    """How many of the members, from the first on, decide."""

    @property
    def title(self) -> str:
        return f"{self.name} {len(self.chosen) + 1}"

    @property
    def note(self) -> str:
        return "best gain per unit of cost"

    def default(self) -> tuple[str, ...]:
        return self.chosen

    def fit(self, data: Float[np.ndarray, "rows inputs outputs"], targets: np.ndarray) -> tuple[str, ...]:
        inputs = apart(data)

        def score(views: tuple[str, ...]) -> float:
            return self.score(targets, self.read(self.apply(views, inputs)))

        before = score(self.chosen)
        left = [view for view in self.views if view not in self.chosen]
        gains = [self.metric.gain(before, score((*self.chosen, view))) / cost_of(view) for view in left]
        best = int(np.nanargmax([*gains, 0.0]))
        return (*self.chosen, *left[best : best + 1])

    def apply(self, setting: tuple[str, ...], inputs: Inputs) -> Inputs:
        chosen, count = [self.views.index(view) for view in setting], len(self.views)
        members = (inputs[start : start + count] for start in range(0, len(inputs), count))
        scale, activation = self._on.scale, self.activation
        return tuple(self.average.of_views(scale, tuple(views[at] for at in chosen), activation) for views in members)

    def describe(self, setting: tuple[str, ...]) -> str:
        return setting[-1] if len(setting) > len(self.chosen) else f"none besides {', '.join(self.chosen)}"

    def read(self, outputs: Inputs) -> np.ndarray:
        return super().read(outputs[: self.deciding])

    def following(self, setting: tuple[str, ...]) -> "Addition | None":
        if not len(self.chosen) < len(setting) < len(self.views):
            return None
        return self.model_copy(update={"chosen": setting})


def chosen_views(chain: Chain) -> tuple[str, ...]:
    """Of a chain that begins with additions, in their order."""
    return chain.setting(Addition.name, ())
