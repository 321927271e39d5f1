"""One model's logits of some rows under every view: what the stage `predict` does, and a bundle for new pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pandas as pd
from accelerate import Accelerator

from foldline.card.views import IDENTITY, is_of_soup, view_of
from foldline.pixels.loaders import Pixels, evaluation_loader
from foldline.predicting.logits import create_logits, read_logits
from foldline.predicting.predicted_rows import Aggregate, Predict, row_images
from foldline.predicting.predicting import predict
from foldline.training.fold_samples import tabular_of
from foldline.training.frozen import frozen_features, head_of
from foldline.training.models import Classifier, load_model
from foldline.training.networks import refuse_scaled_views
from foldline.training.processes import shared_folder


@dataclass(frozen=True)
class ToPredict:
    rows: pd.DataFrame
    """As rows.parquet has them."""
    images: pd.DataFrame
    """As images.parquet has them."""
    validation_ids: Sequence[str]
    """Of train rows."""
    test_ids: Sequence[str]
    classes: tuple[str, ...]
    section: Predict
    aggregate: Aggregate


def open_model(file: Path, section: Predict) -> Classifier:
    """Raises Refusal as `load_model` does, and for a view that the model cannot see."""
    model = load_model(file)
    refuse_scaled_views(model.architecture.model, section.views)
    return model


def predict_model(
    model: Classifier,
    file: Path,
    wanted: ToPredict,
    pixels: Pixels,
    frozen: Callable[[], Path],
    folder: Path,
    accelerator: Accelerator,
) -> None:
    """Write the folder of the model's logits; every process calls it, and together they give each row once.

    model, file: as `open_model` read it. frozen: the folder of features that frozen backbones make of these pixels.
    """
    section, rows = wanted.section, wanted.rows
    if model.architecture.frozen:
        pixels = frozen_features(model, pixels, frozen(), section.views, section.workers, accelerator)
        passes = [(head_of(model, at), view_of(IDENTITY)) for at in range(len(section.views))]
    else:
        soup = load_model(file, of_soup=True) if any(map(is_of_soup, section.views)) else model
        passes = [(soup if is_of_soup(name) else model, view_of(name)) for name in section.views]
    per_process = max(1, section.batch_size // accelerator.num_processes)
    load = partial(evaluation_loader, pixels, batch_size=per_process, workers=section.workers)
    activation = model.architecture.activation.stored(model, len(wanted.classes))
    axes = (wanted.validation_ids, wanted.test_ids, section.views, wanted.classes, activation)
    create, read = lambda unfinished: create_logits(unfinished, *axes), partial(read_logits, writable=True)
    with shared_folder(folder, create, read, accelerator) as logits:
        parts = (
            ("train", "validation", wanted.validation_ids, logits.validation),
            ("test", "test", wanted.test_ids, logits.test),
        )
        for part, what, ids, values in parts:
            tabular = tabular_of(rows, part, ids, model.architecture.tabular)
            given = row_images(rows, wanted.images, ids, part, tabular)
            predict(passes, load, given, accelerator, values, wanted.aggregate, f"{what} rows")
