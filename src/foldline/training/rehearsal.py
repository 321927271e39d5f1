"""A training put together on blank images: what its libraries refuse shows before there is an experiment."""

from collections.abc import Sequence

import numpy as np
import torch

from foldline.training.augmentation import build_augmentation
from foldline.training.fold import Fold
from foldline.training.fold_pieces import choose_pieces
from foldline.training.losses import CrossEntropy
from foldline.training.samples import Samples
from foldline.training.section import Train
from foldline.training.warm_start import NoWarmStart

STEPS_PER_EPOCH = 10
"""Which the data would say."""


def rehearse(train: Train, shape: tuple[int, int, int], symmetries: Sequence[str]) -> None:
    """Raises the Refusal of whatever model, optimiser, augmentation or thing of one's own cannot be had.

    `shape`: height, width and channels of the cached images. Weights are random, and nothing is learned; what follows
    from the data, the warm start and the loss with them, is left out: a loss of one's own is tried by itself.
    """
    build_augmentation(train.augmentation, shape, symmetries)
    train.loss.try_out()
    samples = Samples(np.arange(2), np.arange(2), ("a", "b"))
    blank = np.zeros((2, *shape), np.uint8)
    fold = Fold(0, 0, blank, samples, samples, (2,), symmetries, None, "softmax")
    of_no_data = {
        "loss": CrossEntropy(kind="cross_entropy", smoothing=0.0),
        "imbalance": "none",
        "warm_start": NoWarmStart(kind="none"),
    }
    choose_pieces(fold, train.model_copy(update=of_no_data), STEPS_PER_EPOCH, torch.device("cpu"))
