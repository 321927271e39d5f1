"""A training by params.yaml of the working folder, whose first fold is held back.

python -m benchmarks.rivals.ours --epochs 3 --changes '{"learning_rates.backbone": 0.003}'

With --part 0.8 the model is for images of so much of the cache's height and width, which it sees whole; with --crops
it learns squares cut out of the larger ones, of so much of their area.
"""

import json
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.special import softmax

from benchmarks.rivals.turns import Turns, leave, parser
from foldline.card.views import view_of
from foldline.experiment.first_experiment import suited_batch
from foldline.files.places import FoldName
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.pixels.loaders import Pixels, evaluation_loader
from foldline.predicting.predicted_rows import RowImages
from foldline.predicting.predicting import predict
from foldline.training.fold_samples import Samples
from foldline.training.loop import train
from foldline.training.measuring import NonFiniteCheck
from foldline.training.processes import start_accelerator
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, build_training, training_batches
from pipelines.doctor import RECIPE
from pipelines.fold_training import read_fold
from pipelines.running import read_settings


def main() -> None:
    script = parser(__doc__)
    script.add_argument("--changes", type=json.loads, default={}, metavar="JSON", help="of the section train")
    script.add_argument("--limit", type=int, help="of the training images, the first (default: all)")
    script.add_argument("--part", type=float, default=1.0)
    script.add_argument("--crops", type=float, nargs=2, metavar=("LEAST", "MOST"))
    given = script.parse_args()
    how = {"epochs": given.epochs, "seeds": [given.seed]}
    fold = first_fold(changed(how | given.changes))
    larger, smaller = fold.pixels, Smaller(fold.pixels, given.part, given.crops is None)
    fold = replace(fold, pixels=smaller)
    cuts = {}
    if given.crops is not None:
        cut = {"size": smaller.shape[1:3], "scale": given.crops, "ratio": (1.0, 1.0)}
        cuts = {"augmentation.transforms": [{"RandomResizedCrop": cut}]}
    batch = suited_batch(len(fold.training), given.epochs, read_yaml(RECIPE)["train"]["batch_size"])
    config = changed(how | {"batch_size": batch, "micro_batch_size": batch} | given.changes | cuts)
    if given.limit:
        fold = replace(fold, training=fold.training.at(np.arange(given.limit)))
    accelerator = start_accelerator(config.precision)
    batches = training_batches(fold, config, accelerator)
    setup = build_training(fold, config, len(batches), accelerator.device)
    check = NonFiniteCheck(fold.training.row_ids, len(batches), Path("no checkpoint"))
    epochs = train(setup, batches, lambda model: (0.0, 0.0), check, None, accelerator)
    turns = Turns()
    for _ in range(config.epochs):
        turns.of(len(fold.training), partial(next, epochs))
    if given.predictions:
        count = len(fold.validation)
        images = RowImages(fold.validation.cache_indices, np.arange(count), count)
        logits = np.empty((count, 2, setup.objective.outputs), np.float32)
        passes = [(setup.average.model, view_of(name)) for name in ("identity", "horizontal_flip")]
        load = partial(evaluation_loader, Smaller(larger, given.part, True), batch_size=128, workers=0)
        predict(passes, load, images, accelerator, logits, "mean", "held-back rows")
        plain, flipped = softmax(logits.astype(np.float64), axis=2).swapaxes(0, 1)
        leave(given.predictions, plain=plain, flipped=flipped)


@dataclass(frozen=True)
class Smaller:
    """Pixels for a model of smaller images: `part` of the height and width."""

    pixels: Pixels
    part: float
    whole: bool
    """Whole images of that size; else as they are, for what makes them smaller."""

    @property
    def shape(self) -> tuple[int, int, int, int]:
        count, height, width, channels = self.pixels.shape
        return count, round(self.part * height), round(self.part * width), channels

    @property
    def dtype(self) -> np.dtype:
        return self.pixels.dtype

    def __len__(self) -> int:
        return len(self.pixels)

    def __getitem__(self, index: int) -> np.ndarray:
        image = self.pixels[index]
        _, height, width, _ = self.shape
        return cv2.resize(np.array(image), (width, height), interpolation=cv2.INTER_AREA) if self.whole else image


def changed(changes: dict[str, Any]) -> Train:
    """The section `train` of params.yaml; keys in dots lead into its parts."""
    values = deepcopy(read_yaml(Path("params.yaml"))["train"])
    for path, value in changes.items():
        *parts, key = path.split(".")
        inner = values
        for part in parts:
            inner = inner[part]
        inner[key] = value
    return parse(values, Train, "train, changed")


def first_fold(config: Train) -> Fold:
    settings = read_settings()
    return read_fold(settings, settings.section("folds", list[FoldName])[0], config.seeds[0], config)


def export(folder: Path, fold: Fold, training: Samples) -> None:
    """The same pixels as files: train/<class>/<row>.png, held_back/<class>/<row>.png."""
    for part, samples in (("train", training), ("held_back", fold.validation)):
        for row, (index, label) in enumerate(zip(samples.cache_indices, labels(samples), strict=True)):
            file = folder / part / str(label) / f"{row:05}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(file), np.array(fold.pixels[index])[..., ::-1])


def labels(samples: Samples) -> np.ndarray:
    return samples.targets.toarray().argmax(axis=1)


if __name__ == "__main__":
    main()
