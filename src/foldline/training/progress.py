"""How far a training has come: all that a checkpoint must bring back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from accelerate import Accelerator
from torch import Tensor, nn
from torch.optim import Optimizer

from foldline.training.averaging import Follower

Line = dict[str, int | float]
"""Of the history: an epoch, under the columns of foldline.training.history."""


@dataclass
class Progress:
    """After the last whole epoch. There is no random state in it: every epoch begins with a seed of its own."""

    epoch: int = 0
    """Epochs done."""
    step: int = 0
    """Optimiser steps done."""
    history: list[Line] = field(default_factory=list)
    best_weights: dict[str, Tensor] | None = None
    """Those of the epoch with the lowest validation loss, when they are wanted."""

    def finish_epoch(
        self, learning_rate: float, training: tuple[float, float], validation: tuple[float, float]
    ) -> bool:
        """Records loss and accuracy of both; whether this epoch's validation loss is the lowest so far."""
        self.epoch += 1
        self.history.append(
            {
                "epoch": self.epoch,
                "learning_rate": learning_rate,
                "train_loss": training[0],
                "train_accuracy": training[1],
                "validation_loss": validation[0],
                "validation_accuracy": validation[1],
            }
        )
        return all(validation[0] < line["validation_loss"] for line in self.history[:-1])

    def keep(self, model: nn.Module) -> None:
        self.best_weights = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def checkpoint_state(
    progress: Progress, model: nn.Module, optimizer: Optimizer, average: Follower, accelerator: Accelerator
) -> dict[str, Any]:
    """Tensors, numbers, lists and dicts only, so that it can be loaded without running code."""
    return {
        "progress": dict(vars(progress)),
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "average": average.state_dict(),
        "scaler": accelerator.scaler.state_dict() if accelerator.scaler is not None else None,
    }


def restore(
    state: Mapping[str, Any], model: nn.Module, optimizer: Optimizer, average: Follower, accelerator: Accelerator
) -> Progress:
    """Put what `checkpoint_state` returned back where it came from."""
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    average.load_state_dict(state["average"])
    if accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(state["scaler"])
    return Progress(**state["progress"])
