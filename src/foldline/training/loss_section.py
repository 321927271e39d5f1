"""Parts `train.loss`, `train.imbalance` and `train.mixing`: what is learned from an image and its target."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.params.quantities import NotNegative, Positive, Share, ShareBelowOne, WholeNumber
from foldline.params.section import Section


class CrossEntropy(Section):
    """On log-softmax; smoothing spreads this share of the target over all classes."""

    kind: Literal["cross_entropy"]
    smoothing: ShareBelowOne


class BinaryCrossEntropy(Section):
    """The mean over classes, each by itself; smoothing draws targets towards 1/2 by this share."""

    kind: Literal["binary_cross_entropy"]
    smoothing: ShareBelowOne


class Focal(Section):
    """Cross-entropy times (1 - probability of what is right) ** gamma (Lin et al. 2017); 0 is cross-entropy."""

    kind: Literal["focal"]
    gamma: NotNegative


class Cumulative(Section):
    """For levels that have an order: binary cross-entropy of "above level l" for every l but the last (mean)."""

    kind: Literal["cumulative"]


class MeanSquaredError(Section):
    """In units of the training targets' variance, as the other two are in units of their standard deviation."""

    kind: Literal["mean_squared_error"]


class MeanAbsoluteError(Section):
    kind: Literal["mean_absolute_error"]


class Huber(Section):
    """Squared up to `delta` standard deviations of the training targets, absolute beyond (Huber 1964)."""

    kind: Literal["huber"]
    delta: Positive


Loss = Annotated[
    CrossEntropy | BinaryCrossEntropy | Focal | Cumulative | MeanSquaredError | MeanAbsoluteError | Huber,
    Field(discriminator="kind"),
]

Imbalance = Literal["none", "class_weights", "square_root_sampling"]
"""class_weights: rare classes' losses weigh more, each class as much as any other. square_root_sampling: a class is
drawn as often as the square root of its images (Mahajan et al. 2018), with replacement, as many images as there are."""


class NoMixing(Section):
    kind: Literal["none"]


class BatchMixing(Section):
    """Each batch is mixed with itself in another order: by a weighted mean (Zhang et al. 2018), by a rectangle (Yun et
    al. 2019), or by either, drawn evenly. The share comes from Beta(alpha, alpha); the targets are mixed alike."""

    kind: Literal["mixup", "cutmix", "mixup_or_cutmix"]
    alpha: Positive
    probability: Share
    """Of a batch to be mixed."""
    off_last_epochs: WholeNumber
    """The last epochs see images as they are."""


Mixing = Annotated[NoMixing | BatchMixing, Field(discriminator="kind")]
