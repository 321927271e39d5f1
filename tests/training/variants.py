"""Trainings that between them have everything whose state an interruption could lose."""

from typing import Any

from tests.training.small import MODEL

FORWARD = {"kind": "update_bn", "batches": 3}
SGD = {"kind": "sgd", "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}
MOMENTA = {"start_divisor": 10.0, "end_divisor": 1000.0, "momentum_high": 0.95, "momentum_low": 0.8}
GRADUAL = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 1}
MIXING = {"alpha": 1.0, "probability": 0.8, "off_last_epochs": 1}
DROPPING = MODEL | {"drop_rate": 0.3, "drop_path_rate": 0.1}

VARIANTS: dict[str, dict[str, Any]] = {
    "none": {
        "average": {"kind": "none"},
        "optimizer": SGD,
        "schedule": {"kind": "one_cycle_linear", "tail_fraction": 0.1368} | MOMENTA,
        "mixing": {"kind": "mixup_or_cutmix"} | MIXING,
        "keep": "best",
    },
    "ema": {
        "average": {"kind": "ema", "decay": 0.9, "statistics": FORWARD},
        "schedule": {"kind": "one_cycle_cosine", "warmup_fraction": 0.3} | MOMENTA,
        "imbalance": {"kind": "square_root_sampling"},
        "soup": {"kind": "last_epochs", "epochs": 2, "statistics": FORWARD},
        "model": DROPPING,
    },
    "ema_trained": {
        "average": {
            "kind": "ema_fraction",
            "fraction": 0.3,
            "statistics": {"kind": "training", "batches": 3, "rate": 1e-7},
        },
        "freezing": GRADUAL | {"batchnorm": "eval"},
        "schedule": {"kind": "restarts", "first_cycle_epochs": 1, "growth": 2.0, "end_factor": 0.0},
        "mixing": {"kind": "cutmix"} | MIXING,
    },
    "ema_span": {
        "average": {"kind": "ema_span", "span_epochs": 2.0, "statistics": FORWARD},
        "freezing": GRADUAL | {"batchnorm": "train"},
        "optimizer": SGD,
        "model": MODEL | {"spatial_dropout_rate": 0.3},
        "keep": "best",
    },
    "mean_of_steps": {
        "average": {"kind": "mean", "from_epoch": 2, "every": "step", "statistics": FORWARD},
        "optimizer": {"kind": "timm", "name": "lamb", "options": {}, "weight_decay": 0.01},
        "schedule": {"kind": "steps", "at_epochs": [1.5], "factor": 0.1},
        "mixing": {"kind": "mixup"} | MIXING,
        "resolution": {"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 2},
        "model": DROPPING,
    },
    "mean_of_epochs": {
        "average": {"kind": "mean", "from_epoch": 2, "every": "epoch", "statistics": FORWARD},
        "optimizer": {"kind": "adam", "beta1": 0.9, "beta2": 0.99, "weight_decay": 0.01},
        "schedule": {"kind": "constant"},
        "imbalance": {"kind": "class_weights"},
        "model": DROPPING | {"pooling": {"kind": "generalized_mean", "power": 3.0}},
        "head_initialisation": {"kind": "linear_probe", "inverse_penalty": 1.0},
    },
}
