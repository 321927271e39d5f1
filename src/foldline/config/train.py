"""Section `train`: everything about one fold's training."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.config.section import Section

Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0)]
Precision = Literal["float32", "bfloat16", "float16"]
Share = Annotated[float, Field(ge=0, le=1)]
Momentum = Annotated[float, Field(ge=0, lt=1)]


class PlainHead(Section):
    """timm's own classifier: one Linear layer."""

    kind: Literal["plain"]


class HiddenHead(Section):
    """Linear -> ReLU -> Dropout -> Linear (document 001: 4096 units)."""

    kind: Literal["hidden"]
    units: Count
    drop_rate: Share


Head = Annotated[PlainHead | HiddenHead, Field(discriminator="kind")]


class Model(Section):
    name: str
    """Any of timm's names; with its tag (`resnet152.a1h_in1k`) where the weights come from the hub."""
    head: Head
    drop_rate: Share
    drop_path_rate: Share


class Sgd(Section):
    kind: Literal["sgd"]
    momentum: Momentum
    nesterov: bool
    weight_decay: Annotated[float, Field(ge=0)]

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "Sgd":
        if self.nesterov and self.momentum == 0:
            raise ValueError("optimizer.nesterov is true but optimizer.momentum is 0: it looks ahead by the momentum")
        return self


class AdamW(Section):
    kind: Literal["adamw"]
    beta1: Momentum
    beta2: Momentum
    weight_decay: Annotated[float, Field(ge=0)]


Optimizer = Annotated[Sgd | AdamW, Field(discriminator="kind")]


class Rates(Section):
    """Peak learning rates: `head` for the head, `body` for the layers just below it, and `body * layer_decay**i`
    for the i-th of timm's layer groups below those (1: the same everywhere)."""

    head: Rate
    body: Rate
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    groups: Literal["blocks", "stages"]
    """What a layer group is: each block by itself (51 in a ResNet152), or each stage (5)."""


class WarmupCosine(Section):
    """Linearly from `start_share` of the rate to all of it, then along a cosine to `end_share`."""

    kind: Literal["warmup_cosine"]
    warmup_epochs: Annotated[float, Field(ge=0)]
    start_share: Share
    end_share: Share


class Constant(Section):
    kind: Literal["constant"]


Schedule = Annotated[WarmupCosine | Constant, Field(discriminator="kind")]


class NoClipping(Section):
    kind: Literal["none"]


class ClipNorm(Section):
    kind: Literal["norm"]
    limit: Rate


Clipping = Annotated[NoClipping | ClipNorm, Field(discriminator="kind")]


class NoAverage(Section):
    kind: Literal["none"]


class Ema(Section):
    """Exponential moving average, its decay per optimiser step at most (1 + step) / (10 + step)."""

    kind: Literal["ema"]
    decay: Annotated[float, Field(gt=0, lt=1)]
    statistics_batches: Count
    """How many of an epoch's batches recompute the BatchNorm statistics of the averaged weights at its end."""


Average = Annotated[NoAverage | Ema, Field(discriminator="kind")]


class CrossEntropy(Section):
    kind: Literal["cross_entropy"]
    smoothing: Annotated[float, Field(ge=0, lt=1)]


class NoWarmStart(Section):
    """The head starts at random."""

    kind: Literal["none"]


class LogisticRegressionStart(Section):
    """The head starts as scikit-learn's LogisticRegression on the backbone's features of the fold's training rows."""

    kind: Literal["logistic_regression"]
    inverse_penalty: Rate
    """scikit-learn's C: the larger, the closer the fit."""


WarmStart = Annotated[NoWarmStart | LogisticRegressionStart, Field(discriminator="kind")]


class Train(Section):
    seed: int
    epochs: Count
    batch_size: Count
    """At most this many images per optimiser step, in all processes together; an epoch's steps share its images
    evenly, so that none is short."""
    micro_batch_size: Count
    """Images per forward pass and process; gradients of a step's passes add up, exactly."""
    workers: Annotated[int, Field(ge=0)]
    """Loader processes beside each training process."""
    precision: Precision
    model: Model
    optimizer: Optimizer
    rates: Rates
    schedule: Schedule
    clipping: Clipping
    average: Average
    loss: CrossEntropy
    warm_start: WarmStart
    augmentation: Literal["none", "light", "medium", "heavy"]
    keep: Literal["last", "best"]
    """Which epoch's weights to hand on. `best` is chosen on the fold's own validation rows, which makes its
    out-of-fold score too good."""

    @model_validator(mode="after")
    def _warmup_ends(self) -> "Train":
        if isinstance(self.schedule, WarmupCosine) and self.schedule.warmup_epochs > self.epochs:
            raise ValueError(
                f"schedule.warmup_epochs is {self.schedule.warmup_epochs:g}, longer than the training: epochs is "
                f"{self.epochs}"
            )
        return self

    @model_validator(mode="after")
    def _warm_start_fits(self) -> "Train":
        if isinstance(self.warm_start, NoWarmStart):
            return self
        if self.model.head.kind != "plain":
            raise ValueError(
                f"warm_start.kind is {self.warm_start.kind}, which is one Linear layer, but model.head.kind is "
                f"{self.model.head.kind}: set model.head.kind to plain, or warm_start.kind to none"
            )
        if self.loss.kind != "cross_entropy":
            raise ValueError(
                f"warm_start.kind is {self.warm_start.kind}, which fits probabilities of classes, but loss.kind is "
                f"{self.loss.kind}: set loss.kind to cross_entropy, or warm_start.kind to none"
            )
        return self
