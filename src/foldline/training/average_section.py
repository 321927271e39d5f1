"""Part `train.average`: which average of the weights along the way is judged and handed on."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.params.quantities import Count, Positive
from foldline.params.section import Section


class ForwardStatistics(Section):
    """The mean of the statistics of `batches` of the epoch's batches (Izmailov et al. 2018)."""

    kind: Literal["forward"]
    batches: Count


class TrainingStatistics(Section):
    """Document 000's way: `batches` further steps of plain gradient descent at a rate too small to move weights."""

    kind: Literal["training"]
    batches: Count
    rate: Positive


Statistics = Annotated[ForwardStatistics | TrainingStatistics, Field(discriminator="kind")]
"""How averaged weights come by BatchNorm statistics of their own at every epoch's end."""


class NoAverage(Section):
    kind: Literal["none"]


class Ema(Section):
    """Exponential moving average, its decay per optimiser step at most (1 + step) / (10 + step)."""

    kind: Literal["ema"]
    decay: Annotated[float, Field(gt=0, lt=1)]
    statistics: Statistics


class EmaSpan(Section):
    """Exponential moving average with a decay of ((s - 1) / (s + 1)) ** (1 / steps per epoch), s being the span: its
    weights are as old on average as those of the mean of s epochs."""

    kind: Literal["ema_span"]
    span_epochs: Annotated[float, Field(gt=1)]
    statistics: Statistics


class Mean(Section):
    """The arithmetic mean (Polyak's; SWA's with `every: epoch`) from the start of `from_epoch`, counted from 1; until
    then the weights themselves."""

    kind: Literal["mean"]
    from_epoch: Count
    every: Literal["step", "epoch"]
    statistics: Statistics


Average = Annotated[NoAverage | Ema | EmaSpan | Mean, Field(discriminator="kind")]
