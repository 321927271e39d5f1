"""One model's predictions of its validation rows and the test rows: what `predict` does once a process is to work."""

from functools import partial
from typing import Literal

from foldline.card.description import read_classes
from foldline.card.views import IDENTITY, is_of_soup, view_of
from foldline.files.places import FoldName
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.pixels.cache import read_images
from foldline.pixels.loaders import evaluation_loader
from foldline.predicting.logits import create_logits, read_logits
from foldline.predicting.predicted_rows import Predict, expected_rows, row_images
from foldline.predicting.predicting import predict
from foldline.training.fold_samples import tabular_of
from foldline.training.frozen import frozen_features, head_of
from foldline.training.models import load_model
from foldline.training.networks import refuse_scaled_views
from foldline.training.processes import shared_folder, start_accelerator
from pipelines.frozen_features import frozen_folder
from pipelines.pixels import open_cache
from pipelines.running import read_settings

Aggregate = Literal["mean", "max"]
"""As the card's layout says it."""


def predict_one(fold: FoldName, seed: int) -> None:
    """What every process of the stage `predict` does; together they give each row once."""
    settings = read_settings()
    places, section = settings.places, settings.section("predict", Predict)
    aggregate = settings.fact("layout.aggregate", Aggregate)
    rows, images = read_rows(places.rows), read_images(places.images)
    file = places.trained(fold, seed) / "model.safetensors"
    model = load_model(file)
    refuse_scaled_views(model.architecture.model, section.views)
    pixels = open_cache(places)
    expected = expected_rows(rows, read_folds(places.folds), [fold] if isinstance(fold, int) else [])
    validation_ids, test_ids = expected.out_of_fold_ids, expected.test_ids
    accelerator = start_accelerator(section.precision)
    if model.architecture.frozen:
        facts = (frozen_folder(places), section.views, section.workers, accelerator)
        pixels = frozen_features(model, pixels, *facts)
        passes = [(head_of(model, at), view_of(IDENTITY)) for at in range(len(section.views))]
    else:
        soup = load_model(file, of_soup=True) if any(map(is_of_soup, section.views)) else model
        passes = [(soup if is_of_soup(name) else model, view_of(name)) for name in section.views]
    per_process = max(1, section.batch_size // accelerator.num_processes)
    load = partial(evaluation_loader, pixels, batch_size=per_process, workers=section.workers)
    classes = read_classes(places.classes)
    activation = model.architecture.activation.stored(model, len(classes))
    axes = (validation_ids, test_ids, section.views, classes, activation)
    create, read = lambda folder: create_logits(folder, *axes), partial(read_logits, writable=True)
    with shared_folder(places.predicted(fold, seed), create, read, accelerator) as logits:
        parts = (("train", "validation", validation_ids, logits.validation), ("test", "test", test_ids, logits.test))
        for part, what, ids, values in parts:
            given = row_images(rows, images, ids, part, tabular_of(rows, part, ids, model.architecture.tabular))
            predict(passes, load, given, accelerator, values, aggregate, f"{what} rows")
    accelerator.print(
        f"fold {fold}, seed {seed}: {len(validation_ids)} validation and {len(test_ids)} test rows predicted"
    )
