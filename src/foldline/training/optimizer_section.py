"""Parts `train.optimizer`, `train.rates`, `train.freezing` and `train.clipping`: how a step moves the weights."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.params.quantities import Count, NotNegative, Positive, ShareBelowOne, WholeNumber
from foldline.params.section import Section


class Sgd(Section):
    """Momentum is the schedule's where that has one (`one_cycle_linear`, `one_cycle_cosine`)."""

    kind: Literal["sgd"]
    momentum: ShareBelowOne
    nesterov: bool
    weight_decay: NotNegative

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "Sgd":
        if self.nesterov and self.momentum == 0:
            raise ValueError("optimizer.nesterov is true but optimizer.momentum is 0: it looks ahead by the momentum")
        return self


class Adam(Section):
    """Weight decay is added to the gradient, unlike in `adamw`."""

    kind: Literal["adam"]
    beta1: ShareBelowOne
    beta2: ShareBelowOne
    weight_decay: NotNegative


class AdamW(Section):
    """Weight decay apart from the gradient (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"]
    beta1: ShareBelowOne
    beta2: ShareBelowOne
    weight_decay: NotNegative


class OfTimm(Section):
    """Any other of timm's factory: `python -c "import timm.optim; print(timm.optim.list_optimizers())"`."""

    kind: Literal["timm"]
    name: str
    options: dict[str, bool | int | float | str]
    """What the optimiser takes beside rate and weight decay, {} for its own values."""
    weight_decay: NotNegative


Optimizer = Annotated[Sgd | Adam | AdamW | OfTimm, Field(discriminator="kind")]


class LayerDecay(Section):
    """Peak learning rates: `head` for the head, `body` for the layers just below it, and `body * layer_decay**i`
    for the i-th of timm's layer groups below those (1: the same everywhere)."""

    kind: Literal["layer_decay"]
    head: Positive
    body: Positive
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    groups: Literal["blocks", "stages"]
    """What a layer group is: each block by itself (51 in a ResNet152), or each stage (5)."""


class PartRates(Section):
    """Peak learning rates of the stem, of each stage from the stem up, and of the head."""

    kind: Literal["parts"]
    stem: Positive
    stages: Annotated[tuple[Positive, ...], Field(min_length=1)]
    head: Positive


Rates = Annotated[LayerDecay | PartRates, Field(discriminator="kind")]


class NoFreezing(Section):
    kind: Literal["none"]


class GradualFreezing(Section):
    """Only the head learns for `head_epochs`; then the body joins, the topmost stage first, one more every
    `stage_epochs`, the stem last (Howard and Ruder 2018); 0: the whole body at once."""

    kind: Literal["gradual"]
    head_epochs: Count
    stage_epochs: WholeNumber
    batchnorm: Literal["train", "eval"]
    """Whether the BatchNorm layers of frozen parts go on following the batches, or stand still."""


Freezing = Annotated[NoFreezing | GradualFreezing, Field(discriminator="kind")]


class NoClipping(Section):
    kind: Literal["none"]


class ClipNorm(Section):
    """The norm of all gradients together."""

    kind: Literal["norm"]
    limit: Positive


class ClipValue(Section):
    """Each number of each gradient."""

    kind: Literal["value"]
    limit: Positive


Clipping = Annotated[NoClipping | ClipNorm | ClipValue, Field(discriminator="kind")]
