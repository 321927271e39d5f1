"""A prediction against the training steps on as many images, by the same model: what a view costs.

python -m benchmarks.predicting
"""

from copy import deepcopy
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from accelerate import Accelerator
from torch import nn

from benchmarks.clock import PAIRS
from benchmarks.figures import Figure
from benchmarks.noise import device_seconds_of, noise_fold
from benchmarks.training import Case, TimedBatches
from foldline.card.views import view_of
from foldline.pixels.loaders import evaluation_loader
from foldline.predicting.predicted_rows import RowImages
from foldline.predicting.predicting import predict
from foldline.training.loop import train
from foldline.training.measuring import NonFiniteCheck
from foldline.training.processes import start_accelerator
from foldline.training.training_setup import Fold, build_training, training_batches

CASE = Case("tf_efficientnet_lite0", 128, 32, 3, "float32", channels_last=True)


def measure() -> list[Figure]:
    fold, config = noise_fold(CASE.steps * CASE.batch_size, CASE.pixels), CASE.section()
    accelerator = start_accelerator(CASE.precision)
    batches = TimedBatches(training_batches(fold, config, accelerator))
    check = NonFiniteCheck(fold.training.row_ids, CASE.steps, Path("no checkpoint"))
    setup = build_training(fold, config, CASE.steps, accelerator.device)
    epochs, ratios = train(setup, batches, lambda model: (0.0, 0.0), check, None, accelerator), []
    for _ in range(PAIRS + 1):
        next(epochs)
        prediction = partial(predict_all, deepcopy(setup.model), fold, accelerator)
        ratios.append(device_seconds_of(prediction) / batches.seconds[-1])
    how = f"{CASE.words}, EMA, clipping; median of {PAIRS} interleaved pairs"
    claim = "predicting one view / training on as many images, time"
    return [Figure(claim, median(ratios[1:]), 0.25, False, "", how)]


def predict_all(model: nn.Module, fold: Fold, accelerator: Accelerator) -> None:
    count = len(fold.pixels)
    images, logits = RowImages(np.arange(count), np.arange(count), count), np.empty((count, 1, 10), np.float32)
    load = partial(evaluation_loader, fold.pixels, batch_size=128, workers=0)
    predict([(model, view_of("identity"))], load, images, accelerator, logits, "mean", "rows")


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
