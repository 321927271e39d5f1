"""A stage that predicts with a toy model, for tests that start it in several processes.

python -m tests.ensembling.toy_prediction FOLDER
"""

import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from foldline.predicting.logits import create_logits, read_logits
from foldline.predicting.predicted_rows import RowImages
from foldline.predicting.predicting import predict
from foldline.training.frozen import BATCH_SIZE as BATCHED
from foldline.training.frozen import frozen_features
from foldline.training.launching import launch
from foldline.training.models import Classifier, build_model
from foldline.training.processes import shared_folder, start_accelerator
from tests.training.test_models import architecture
from tests.words import SOFTMAX

IMAGES_PER_ROW = [1, 3, 1, 1, 2, 1, 4, 1, 1, 1, 2]
ROWS = len(IMAGES_PER_ROW)
BATCH_SIZE = 4


def pixels() -> Tensor:
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (sum(IMAGES_PER_ROW), 1, 6, 6), dtype=torch.uint8, generator=generator)


def images() -> RowImages:
    """The images lie in the cache in the opposite order."""
    positions = np.arange(sum(IMAGES_PER_ROW))[::-1].copy()
    return RowImages(positions, np.repeat(np.arange(ROWS), IMAGES_PER_ROW), ROWS)


def load(positions: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
    for start_at in range(0, len(positions), BATCH_SIZE):
        index = torch.arange(start_at, min(start_at + BATCH_SIZE, len(positions)))
        yield pixels()[positions[index.numpy()]], index


class ToyModel(nn.Module):
    """Its dropout would show if it were not in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(36, 8), nn.Dropout(0.5), nn.ReLU(), nn.Linear(8, 3))

    def forward(self, batch: Tensor) -> Tensor:
        return self.layers(batch.float() / 255)


def views() -> list:
    return [lambda batch: batch, lambda batch: batch.flip(-1)]


def passes(model: nn.Module) -> list:
    return [(model, view) for view in views()]


def stage(folder: Path) -> None:
    accelerator = start_accelerator("float32")
    (folder / f"process{accelerator.process_index}of{accelerator.num_processes}").touch()
    ids = [f"row {number}" for number in range(ROWS)]
    axes = (ids[:2], ids, ["identity", "flip"], list("abc"), SOFTMAX)
    create, read = lambda folder: create_logits(folder, *axes), partial(read_logits, writable=True)
    with shared_folder(folder / "fold0", create, read, accelerator) as logits:
        two = RowImages(images().cache_indices[:4], images().rows[:4], 2)
        predict(passes(ToyModel()), load, two, accelerator, logits.validation, "mean", "rows")
        predict(passes(ToyModel()), load, images(), accelerator, logits.test, "mean", "rows")
    frozen_features(*to_freeze(), folder / "frozen", ["identity"], 0, accelerator)


def to_freeze() -> tuple[Classifier, np.ndarray]:
    """A model, and more noise than a batch."""
    noise = np.random.default_rng(0).integers(0, 256, (BATCHED + 5, 32, 32, 1), np.uint8)
    torch.manual_seed(0)
    return build_model(architecture("test_vit")), noise


if __name__ == "__main__":
    target = Path(sys.argv[1])
    launch("tests.ensembling.toy_prediction", [str(target)], partial(stage, target))
