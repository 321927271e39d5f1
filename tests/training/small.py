"""A small fold to train on, and the pieces to train it with."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from foldline.card.activations import Softmax
from foldline.folds.training_table import soft_targets
from foldline.params.section import parse
from foldline.training.dry_run import dry_run, stand_in
from foldline.training.fold_samples import Samples
from foldline.training.processes import start_accelerator
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold

MODEL: dict[str, Any] = {
    "name": "test_resnet",
    "head": {"kind": "linear"},
    "pooling": {"kind": "default"},
    "hidden_activation": "default",
    "drop_rate": 0.0,
    "drop_path_rate": 0.0,
    "spatial_dropout_rate": 0.0,
    "tabular_features": "concatenated",
}

TRAIN: dict[str, Any] = {
    "seeds": [0],
    "epochs": 3,
    "batch_size": 8,
    "micro_batch_size": 8,
    "workers": 0,
    "label_fraction": 1.0,
    "precision": "float32",
    "channels_last": False,
    "compile": False,
    "resolution": {"start_fraction": 1.0, "end_fraction": 1.0, "growing_epochs": 0},
    "model": MODEL | {"drop_rate": 0.2},
    "optimizer": {"kind": "adamw", "beta1": 0.9, "beta2": 0.999, "weight_decay": 0.05},
    "learning_rates": {"kind": "layer_decay", "head": 0.003, "backbone": 0.001, "layer_decay": 0.5, "groups": "stages"},
    "freezing": {"kind": "none"},
    "schedule": {"kind": "warmup_cosine", "warmup_epochs": 1, "start_factor": 0.05, "end_factor": 0.01},
    "clipping": {"kind": "norm", "limit": 1.0},
    "average": {"kind": "ema", "decay": 0.9, "statistics": {"kind": "update_bn", "batches": 3}},
    "loss": {"kind": "cross_entropy", "smoothing": 0.1},
    "imbalance": {"kind": "none"},
    "mixing": {"kind": "none"},
    "head_initialisation": {"kind": "none"},
    "soup": {"kind": "none"},
    "augmentation": {"recipe": "light", "transforms": []},
    "phases": [],
    "keep": "last",
}


def train_section(**changes: Any) -> Train:
    return parse(TRAIN | changes, Train, "train")


def samples(positions: np.ndarray, targets: np.ndarray, classes: int, row_ids: Sequence[str]) -> Samples:
    """Each counts the same. targets: graded."""
    return Samples(positions, soft_targets(targets, classes), np.ones(len(positions), np.float32), tuple(row_ids))


def labels(samples: Samples) -> np.ndarray:
    """The one class of each, int64."""
    return samples.targets.toarray().argmax(axis=1)


def small_fold(count: int = 43, classes: int = 3, pixels_per_side: int = 16) -> Fold:
    """Noise, brighter in a part of the image that the class says; a third of it is for validation."""
    generator = np.random.default_rng(0)
    targets = generator.integers(0, classes, count)
    pixels = generator.integers(0, 120, (count, pixels_per_side, pixels_per_side, 1), dtype=np.uint8)
    for image, target in zip(pixels, targets, strict=True):
        image[target * 5 : target * 5 + 5] += 100
    is_validation = np.arange(count) % 3 == 0
    training, validation = (
        samples(np.flatnonzero(part), targets[part], classes, [f"row{place}" for place in np.flatnonzero(part)])
        for part in (~is_validation, is_validation)
    )
    return Fold(1, 0, pixels, training, validation, (classes,), (), None, Softmax)


def run_dry(
    config: Train, shape: tuple[int, int, int], views: Sequence[str] = ("identity",), processes: int = 1, **facts: Any
) -> None:
    """The dry run of a training on images of `shape` and of its predictions; `facts`: of `stand_in`."""
    common = {"pixels": (*shape, np.dtype(np.uint8)), "sizes": (3,), "features": 0, "symmetries": (), "weights": None}
    fold = stand_in(**{**common, "activation": Softmax, "seed": 0, **facts})
    dry_run(fold, config, views, "float32", processes, start_accelerator("float32", cpu=True))
