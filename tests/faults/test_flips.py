"""A flipped bit in any file of numbers of a finished run: what reads it refuses, or reads what was written."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from foldline.archive.archives import read_manifest
from foldline.card.description import read_classes
from foldline.ensembling.predictions import read_predictions, read_scores
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows, read_targets
from foldline.files.whole_files import read_json
from foldline.folds.folds_table import read_folds
from foldline.folds.training_table import read_training_table
from foldline.metrics.decisions.rules import read_rule
from foldline.pixels.cache import open_pixels, read_images, read_pixels_key
from foldline.predicting.logits import read_logits
from foldline.training.history import read_history
from foldline.training.models import load_model, read_description

pytestmark = pytest.mark.faults
FLIPS = 150


def shown(value: Any) -> Any:
    """What two readings are compared by."""
    if hasattr(value, "state_dict"):
        return {name: tensor.numpy().tobytes() for name, tensor in value.state_dict().items()}
    if isinstance(value, np.ndarray):
        return value.tobytes()
    if hasattr(value, "to_csv"):
        return value.to_csv()
    if hasattr(value, "todense"):
        return value.todense().tobytes()
    fields = getattr(value, "__dataclass_fields__", None)
    return [shown(getattr(value, name)) for name in fields] if fields else value


def pixels(places: Places) -> bytes:
    cached = open_pixels(places.pixel_caches, read_pixels_key(places.pixels), build_again=lambda: None)
    return b"".join(cached[number].tobytes() for number in range(len(cached)))


def scores(places: Places) -> Any:
    return read_scores(places.ensemble, read_predictions(places.ensemble))


def targets(places: Places) -> Any:
    return read_targets(places.targets, read_rows(places.rows), read_classes(places.classes))


def training_table(places: Places) -> Any:
    return read_training_table(places.training, len(read_rows(places.rows)), len(read_classes(places.classes)))


READERS: dict[str, Callable[[Places], Any]] = {
    "rows.parquet": lambda places: read_rows(places.rows),
    "targets.npy": targets,
    "images.parquet": lambda places: read_images(places.images),
    "classes.json": lambda places: read_classes(places.classes),
    "pixels.json": lambda places: read_pixels_key(places.pixels),
    "pixels/*.npy": pixels,
    "folds.csv": lambda places: read_folds(places.folds),
    "training.parquet": training_table,
    "weights.safetensors": lambda places: read_description(places.weights),
    "train/fold0/seed0/model.safetensors": lambda places: load_model(places.trained(0, 0) / "model.safetensors"),
    "train/fold0/seed0/history.csv": lambda places: read_history(places.trained(0, 0) / "history.csv"),
    "train/fold0/seed0/metrics.json": lambda places: read_json(places.trained(0, 0) / "metrics.json"),
    **{
        f"predict/fold0/seed0/{name}": lambda places: read_logits(places.predicted(0, 0))
        for name in ("validation.npy", "test.npy", "ids.parquet", "classes.json")
    },
    **{
        f"ensemble/{name}": lambda places: read_predictions(places.ensemble)
        for name in ("out_of_fold.npy", "test.npy", "ids.parquet", "classes.json")
    },
    **{f"ensemble/{name}_scores.npy": scores for name in ("out_of_fold", "test")},
    "ensemble/metrics.json": lambda places: read_json(places.ensemble / "metrics.json"),
    "clip/out_of_fold.npy": lambda places: read_predictions(places.clipped),
    "clip/rule.json": lambda places: read_rule(places.clipped / "rule.json"),
    "clip/metrics.json": lambda places: read_json(places.clipped / "metrics.json"),
    "../../input/shapes/manifest.json": lambda places: read_manifest(places.manifest),
}


@pytest.mark.parametrize("name", READERS)
def test_it_is_refused_or_read_as_it_was(name: str, checkout: Path, outcome: Callable[..., None]) -> None:
    places, read = Places("shapes", checkout), READERS[name]
    (file,) = places.work.glob(name) if "*" in name else [places.work / name]
    content, whole = file.read_bytes(), shown(read(places))
    draws, became = random.Random(name), {"survived": 0, "refused": 0}
    for _ in range(FLIPS):
        bit = draws.randrange(8 * len(content))
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        file.unlink()
        file.write_bytes(changed)
        try:
            assert shown(read(places)) == whole, bit
            became["survived"] += 1
        except Refusal as refusal:
            assert file.name in str(refusal)
            became["refused"] += 1
    for how, times in became.items():
        outcome("flipped bits in a finished run", how, times)
    assert became["refused"] > FLIPS / 2
