"""What an exponential moving average adds to a step of ResNet152.

python -m benchmarks.averaging
"""

from statistics import median

import torch
from torch.nn.functional import cross_entropy

from benchmarks.clock import PAIRS
from benchmarks.figures import Figure
from benchmarks.noise import device_seconds_of, noise_fold, section
from foldline.training.training_setup import build_training

PIXELS = 224
BATCH_SIZE = 16
"""Small for this model: a larger batch takes a longer step, of which the average is a smaller share."""


def measure(model: str = "resnet152", pixels: int = PIXELS, batch_size: int = BATCH_SIZE) -> list[Figure]:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    fold = noise_fold(batch_size, pixels)
    setup = build_training(fold, section(model, batch_size), 1, device)
    images = torch.from_numpy(fold.pixels).permute(0, 3, 1, 2).contiguous().to(device)
    targets = torch.from_numpy(fold.training.targets.toarray()).to(device)
    setup.model.train()

    def step() -> None:
        cross_entropy(setup.model(images), targets).backward()
        setup.optimizer.step()
        setup.optimizer.zero_grad()

    step()
    setup.average.update()
    shares = [device_seconds_of(setup.average.update) / device_seconds_of(step) for _ in range(PAIRS)]
    how = f"{model}, {pixels} pixels, a batch of {batch_size} on {device.type}; median of {PAIRS} interleaved pairs"
    return [Figure("EMA / step without it, time", median(shares), 0.02, False, "", how)]


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
