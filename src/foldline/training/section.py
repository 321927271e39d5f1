"""Section `train`: everything about one fold's training."""

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from foldline.params.quantities import Count, Positive, Precision, WholeNumber
from foldline.params.section import Section
from foldline.training.augmentation_section import Augmentation
from foldline.training.average_section import Average, EmaSpan, Mean
from foldline.training.loss_section import (
    BatchMixing,
    Huber,
    Imbalance,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    Mixing,
)
from foldline.training.model_section import Model
from foldline.training.optimizer_section import Clipping, Freezing, GradualFreezing, LayerDecay, Optimizer, Rates
from foldline.training.resolution_section import Resolution
from foldline.training.schedule_section import Restarts, Schedule, Steps, WarmupCosine

KNOWN_MODEL = "test_resnet"
"""Of the experiment to begin with, which is spared the seconds that asking timm takes."""


class NoWarmStart(Section):
    """The head starts at random."""

    kind: Literal["none"]


class LogisticRegressionStart(Section):
    """The head starts as scikit-learn's LogisticRegression on the backbone's features of the fold's training rows."""

    kind: Literal["logistic_regression"]
    inverse_penalty: Positive
    """scikit-learn's C: the larger, the closer the fit."""


WarmStart = Annotated[NoWarmStart | LogisticRegressionStart, Field(discriminator="kind")]


class Train(Section):
    seeds: tuple[WholeNumber, ...]
    """Each fold is trained once per seed, and its models are members of the ensemble. A training is told which seed is
    its own and knows nothing of the others, so that one more seed leaves it as it is."""
    epochs: Count
    batch_size: Count
    """At most this many images per optimiser step, in all processes together; an epoch's steps share its images
    evenly, so that none is short."""
    micro_batch_size: Count
    """Images per forward pass and process; gradients of a step's passes add up, exactly."""
    workers: WholeNumber
    """Loader processes beside each training process."""
    precision: Precision
    channels_last: bool
    """Pixel by pixel in memory: faster convolutions on recent GPUs, above all in half precision."""
    compile: bool
    """Through torch.compile, which takes minutes at the start."""
    resolution: Resolution
    model: Model
    optimizer: Optimizer
    rates: Rates
    freezing: Freezing
    schedule: Schedule
    clipping: Clipping
    average: Average
    loss: Loss
    imbalance: Imbalance
    mixing: Mixing
    warm_start: WarmStart
    augmentation: Augmentation
    keep: Literal["last", "best"]
    """Which epoch's weights to hand on. `best` is chosen on the fold's own validation rows, which makes its
    out-of-fold score too good."""

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError("it takes one or more different whole numbers (equal seeds train equal models)")
        return seeds

    @model_validator(mode="after")
    def _no_contradictions(self) -> "Train":
        contradictions = [*self._too_long(), *self._unmixable()]
        if contradictions:
            raise ValueError("; ".join(contradictions))
        return self

    def _too_long(self) -> Iterator[str]:
        for name, epochs in self._lengths():
            if epochs > self.epochs:
                yield f"train.{name} is {epochs:g}, longer than the training: train.epochs is {self.epochs}"

    def _lengths(self) -> Iterator[tuple[str, float]]:
        yield "resolution.growing_epochs", self.resolution.growing_epochs
        if isinstance(self.schedule, WarmupCosine):
            yield "schedule.warmup_epochs", self.schedule.warmup_epochs
        if isinstance(self.schedule, Restarts):
            yield "schedule.first_cycle_epochs", self.schedule.first_cycle_epochs
        if isinstance(self.schedule, Steps):
            yield "schedule.at_epochs", self.schedule.at_epochs[-1]
        if isinstance(self.freezing, GradualFreezing):
            yield "freezing.head_epochs", self.freezing.head_epochs
        if isinstance(self.average, EmaSpan):
            yield "average.span_epochs", self.average.span_epochs
        if isinstance(self.average, Mean):
            yield "average.from_epoch", self.average.from_epoch
        if isinstance(self.mixing, BatchMixing):
            yield "mixing.off_last_epochs", self.mixing.off_last_epochs

    @property
    def asks_its_libraries(self) -> bool:
        """Whether there is a model that timm may not know, something that not every model or optimiser of its takes,
        that albumentations describes, or that needs a compiler: whether it can be had, is seen where the training is
        put together."""
        model, rates = self.model, self.rates
        changes = model.drop_rate + model.drop_path_rate + model.drop_channel_rate > 0
        return (
            model.name != KNOWN_MODEL
            or changes
            or self.compile
            or model.hidden_activation != "own"
            or model.pooling.kind != "own"
            or min(self.resolution.start_share, self.resolution.end_share) < 1
            or self.optimizer.kind == "timm"
            or self.freezing.kind != "none"
            or not (isinstance(rates, LayerDecay) and rates.layer_decay == 1)
            or bool(self.augmentation.transforms)
        )

    def _unmixable(self) -> Iterator[str]:
        if isinstance(self.mixing, BatchMixing) and isinstance(self.loss, MeanSquaredError | MeanAbsoluteError | Huber):
            yield (
                f"train.mixing.kind is {self.mixing.kind}, but the loss {self.loss.kind} has no soft form: "
                "set mixing to {kind: none}"
            )

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
