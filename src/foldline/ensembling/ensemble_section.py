"""Section `ensemble`: how the predictions of folds and experiments become one."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.params.section import Section


class Equal(Section):
    kind: Literal["equal"]


class Convex(Section):
    """Weights that are not negative and sum to one, at the optimum of a log loss or squared error."""

    kind: Literal["convex"]


class Greedy(Section):
    """Members are added one by one, each as often as it helps the metric most: any metric (Caruana et al., 2004)."""

    kind: Literal["greedy"]
    rounds: Annotated[int, Field(ge=1)]


class Ranks(Section):
    """The mean of each member's ranks: for metrics that see the order of predictions alone."""

    kind: Literal["ranks"]


class Stacking(Section):
    """Logistic regression on the members' scores, with a bias per class."""

    kind: Literal["stacking"]
    penalty: Annotated[float, Field(gt=0)]
    """Of squared distances from equal weights and no biases, in rows: a penalty of 10 weighs as much as 10 rows."""


Method = Annotated[Equal | Convex | Greedy | Ranks | Stacking, Field(discriminator="kind")]


class NoTemperature(Section):
    kind: Literal["none"]


class FittedTemperature(Section):
    """Scores are divided by one temperature for all models, before they are averaged."""

    kind: Literal["fitted"]
    softening: Literal["reported", "kept"]
    """What becomes of a temperature above 1: it holds for one model, and the mean of several is softer already."""


class Ensemble(Section):
    views: Literal["all", "chosen"]
    """Which of the predicted views count: all, or identity and those whose addition is a real gain."""
    average: Literal["probabilities", "logits", "ranks"]
    """What is averaged over views and folds. A rank is that among the rows that the same model predicted: those of its
    fold, or the test rows. For metrics that see the order of predictions alone."""
    method: Method
    """How the seeds of one run are weighed against each other, and the runs of `pipelines.blend`. Folds always count
    equally."""
    temperature: Annotated[NoTemperature | FittedTemperature, Field(discriminator="kind")]
