"""Whatever goes through the model in a training, in it or beside it, does so in micro-batches."""

from pathlib import Path
from typing import Any

import pytest
import torch
from accelerate import Accelerator

from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold
from foldline.training.models import Classifier
from foldline.training.rate_finder import Sweep, sweep_fold
from foldline.training.train_section import Train
from tests.training.small import small_fold, train_section
from tests.training.variants import VARIANTS

MOST = 3


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many images each pass has."""
    passes: list[int] = []
    forward = Classifier.forward

    def counted(self: Classifier, images: torch.Tensor, *tabular: torch.Tensor) -> torch.Tensor:
        passes.append(len(images))
        return forward(self, images, *tabular)

    monkeypatch.setattr(Classifier, "forward", counted)
    return passes


def config(**changes: Any) -> Train:
    return train_section(epochs=2, micro_batch_size=MOST, batch_size=8, **changes)


@pytest.mark.parametrize("variant", ["ema_span", "ema_trained", "mean_of_epochs"])
def test_of_every_average_and_technique(variant: str, seen: list[int], tmp_path: Path) -> None:
    train_fold(small_fold(), config(**VARIANTS[variant]), Checkpoints(tmp_path, {}), Accelerator(cpu=True))
    assert max(seen) == MOST


def test_of_the_learning_rate_finder(seen: list[int]) -> None:
    sweep_fold(small_fold(), config(), Sweep(1e-4, 1e-3, 3, 0.9), Accelerator(cpu=True))
    assert max(seen) == MOST
