"""One model's predictions of its validation rows and the test rows: what `predict` does once a process is to work."""

from functools import partial

from foldline.card.description import read_classes
from foldline.files.places import FoldName
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.pixels.cache import read_images
from foldline.predicting.model_logits import ToPredict, open_model, predict_model
from foldline.predicting.predicted_rows import Aggregate, Predict, expected_rows
from foldline.training.processes import start_accelerator
from pipelines.frozen_features import frozen_folder
from pipelines.pixels import open_cache
from pipelines.running import read_settings


def predict_one(fold: FoldName, seed: int) -> None:
    """What every process of the stage `predict` does; together they give each row once."""
    settings = read_settings()
    places, section = settings.places, settings.section("predict", Predict)
    aggregate = settings.fact("layout.aggregate", Aggregate)
    rows, images = read_rows(places.rows), read_images(places.images)
    file = places.trained(fold, seed) / "model.safetensors"
    model, pixels = open_model(file, section), open_cache(places)
    expected = expected_rows(rows, read_folds(places.folds), [fold] if isinstance(fold, int) else [])
    validation_ids, test_ids = expected.out_of_fold_ids, expected.test_ids
    wanted = ToPredict(rows, images, validation_ids, test_ids, read_classes(places.classes), section, aggregate)
    accelerator = start_accelerator(section.precision)
    frozen = partial(frozen_folder, places)
    predict_model(model, file, wanted, pixels, frozen, places.predicted(fold, seed), accelerator)
    accelerator.print(
        f"fold {fold}, seed {seed}: {len(validation_ids)} validation and {len(test_ids)} test rows predicted"
    )
