"""Section `metric` of a card: how the competition scores."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.config.section import Section


class LogLoss(Section):
    """Multiclass log loss; lower is better."""

    kind: Literal["log_loss"]


class Accuracy(Section):
    kind: Literal["accuracy"]


Metric = Annotated[LogLoss | Accuracy, Field(discriminator="kind")]
