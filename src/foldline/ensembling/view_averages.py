"""What is averaged over a model's views, and then over folds (`ensemble.average`): probabilities, scores or ranks; and
which test-time augmentation (TTA) views are worth their pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float, Float32, Int64
from pydantic import InstanceOf

from foldline.card.activations import Activation
from foldline.card.views import IDENTITY, cost_of
from foldline.ensembling.chain import Chain
from foldline.ensembling.forms import Form, form_of
from foldline.ensembling.scales import Inputs, Scale
from foldline.ensembling.steps import Step, apart
from foldline.files.compact import array_at
from foldline.files.refusal import Refusal
from foldline.params.section import Word


def ranks_within(
    values: Float[np.ndarray, "rows *axes outputs"], groups: Int64[np.ndarray, " rows"], form: Form
) -> Float32[np.ndarray, "rows *axes outputs"]:
    """Each column's ranks among the rows of a group, between 0 and 1; ties have the same.

    groups: the rows of different models are on different scales. A binary distribution stays one. Raises Refusal for
    one of more classes, which ranks are none of.
    """
    _refuse_many_classes(form, values.shape[-1])
    from scipy.stats import rankdata  # A second of start-up, which experiments without ranks are spared.

    ranks = np.empty(values.shape, np.float32)
    for group in np.unique(groups).tolist():
        mine = groups == group
        ranks[mine] = (rankdata(values[mine], axis=0) - 0.5) / mine.sum()
    if form.adds_up:
        ranks[..., 0] = 1 - ranks[..., 1]
    return ranks


def _refuse_many_classes(form: Form, outputs: int) -> None:
    if form.adds_up and form.distributions(outputs) != (2,):
        raise Refusal(
            "`ensemble` asks for ranks, but ranks of several classes are not a distribution. Choose another "
            "average, or the method equal or hill_climbing."
        )


def ranks_of_logits(
    logits: Float[np.ndarray, "rows views outputs"], activation: Activation
) -> Float32[np.ndarray, "rows views predicted"]:
    """View by view. Of scores and not of predictions, many of which are all 1 where a model is certain, and in no
    order."""
    form = form_of(activation)
    _refuse_many_classes(form, logits.shape[2])
    scores = activation.scores(logits)
    if form.adds_up:
        scores = np.stack([scores[..., 0] - scores[..., 1], scores[..., 1] - scores[..., 0]], axis=-1)
    return ranks_within(scores, np.zeros(len(logits), np.int64), form)


class Average(Word):
    """Here of predictions, or of their ranks."""

    kind: Any
    of_ranks: ClassVar[bool] = False

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        """Of the logits under one view."""
        return scale.from_logits(logits, activation)

    def of_views(self, scale: Scale, summands: Inputs, activation: Activation) -> np.ndarray:
        """On the scale."""
        return scale.mean(summands)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.mean(of_folds)


class OfProbabilities(Average):
    kind: Literal["probabilities"]


class OfLogits(Average):
    """A geometric mean of distributions, or of odds."""

    kind: Literal["logits"]

    def summand(self, scale: Scale, logits: np.ndarray, activation: Activation) -> np.ndarray:
        return logits

    def of_views(self, scale: Scale, summands: Inputs, activation: Activation) -> np.ndarray:
        return scale.from_logits(scale.mean_of_logits(summands), activation)

    def over_folds(self, scale: Scale, of_folds: Inputs) -> np.ndarray:
        return scale.normalised(scale.mean_of_logits(of_folds))


class OfRanks(Average):
    """A rank is that among the rows that the same model predicted: those of its fold, or the test rows. For metrics
    that see the order of predictions alone."""

    kind: Literal["ranks"]
    of_ranks = True


@dataclass(frozen=True)
class Reading:
    """How logits are read, which lie in files as a row of them per view."""

    average: Average
    scale: Scale
    views: tuple[int, ...] | None
    """The positions of views to be read each by itself, in this order; None for the mean of all."""

    @property
    def arrays_per_member(self) -> int:
        return 1 if self.views is None else len(self.views)

    def read(self, logits: Float[np.ndarray, "rows views outputs"], activation: Activation) -> Inputs:
        """Of one member: its scores, or what is averaged of each view."""
        views = self.views or range(logits.shape[1])
        summands = tuple(self.average.summand(self.scale, array_at(logits, position), activation) for position in views)
        return summands if self.views else (self.average.of_views(self.scale, summands, activation),)


def ordered(views: Sequence[str]) -> tuple[str, ...]:
    """The view that additions start from before all others: `identity`, where it is among them."""
    first = IDENTITY if IDENTITY in views else views[0]
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
            return self.metric.score(targets, self.answers(self.apply(views, inputs)))

        before = score(self.chosen)
        left = [view for view in self.views if view not in self.chosen]
        gains = [self.metric.gain(before, score((*self.chosen, view))) / cost_of(view) for view in left]
        best = int(np.nanargmax([*gains, 0.0]))
        return (*self.chosen, *left[best : best + 1])

    def apply(self, setting: Sequence[str], inputs: Inputs) -> Inputs:
        chosen, count = [self.views.index(view) for view in setting], len(self.views)
        members = (inputs[start : start + count] for start in range(0, len(inputs), count))
        scale, activation = self._on.scale, self.activation
        return tuple(self.average.of_views(scale, tuple(views[at] for at in chosen), activation) for views in members)

    def describe(self, setting: tuple[str, ...]) -> str:
        return setting[-1] if len(setting) > len(self.chosen) else f"none besides {', '.join(self.chosen)}"

    def predictions(self, outputs: Inputs) -> np.ndarray:
        return super().predictions(outputs[: self.deciding])

    def following(self, setting: tuple[str, ...]) -> "Addition | None":
        if not len(self.chosen) < len(setting) < len(self.views):
            return None
        return self.model_copy(update={"chosen": setting})


def chosen_views(chain: Chain) -> tuple[str, ...]:
    """Of a chain that begins with additions, in their order."""
    return chain.setting(Addition.name, ())
