"""The spaces that a project's features are of, which readers of features open; and how these are made."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from foldline.card.description import read_classes
from foldline.files.places import FoldName
from foldline.files.reading import reading
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import positions_of, read_rows, read_targets
from foldline.files.whole_files import sha256, sha256_of_json
from foldline.folds.folds_table import read_folds
from foldline.params.section import parse
from foldline.pixels.cache import read_images, read_pixels_key
from foldline.predicting.feature_space import MAKER, Space
from foldline.predicting.predicted_rows import Aggregate, Predict, RowImages, expected_rows, row_images
from foldline.training.networks import Models, refuse_scaled_views
from pipelines.frozen_features import made_by
from pipelines.pixels import open_cache
from pipelines.running import Settings, read_settings

if TYPE_CHECKING:
    from foldline.training.models import Classifier

MODEL = "model.safetensors"
WITHOUT_HEAD = {"outputs": 1, "activation": "softmax", "tabular": None}


def fold_space(settings: Settings, fold: FoldName, seed: int) -> Space:
    """Of the model of a fold and seed: the rows that it has not learned from, and the test rows.

    Raises Refusal when there is no such model.
    """
    places = settings.places
    path = places.trained(fold, seed) / MODEL
    if not path.is_file():
        trained = (found.parent.relative_to(places.trained_folds) for found in places.trained_folds.rglob(MODEL))
        raise Refusal(
            f"{path} does not exist: there is no model of fold {fold} and seed {seed}. Trained are: "
            f"{listed(sorted(trained))}. Choose one of them, or run `foldline train`."
        )
    expected = expected_rows(read_rows(places.rows), read_folds(places.folds), [fold] if isinstance(fold, int) else [])
    ids = {"out_of_fold": expected.out_of_fold_ids, "test": expected.test_ids}
    return _space(settings, f"fold{fold}-seed{seed}", f"--fold {fold} --seed {seed}", path, ids, {})


def pretrained_space(settings: Settings) -> Space:
    """Of the backbone as trainings begin with it: all rows but train rows without a readable image."""
    folds, rows = read_folds(settings.places.folds), read_rows(settings.places.rows)
    ids = {"train": tuple(folds["row_id"]), "test": tuple(rows.loc[rows["part"] == "test", "row_id"])}
    model = settings.section("train.model", Models).model_dump(mode="json", exclude={"head"})
    return _space(settings, "pretrained", "--pretrained", settings.places.weights, ids, {"model": model})


def _space(
    settings: Settings, name: str, options: str, weights: Path, ids: Mapping[str, tuple[str, ...]], model: dict
) -> Space:
    """options: of the command. weights: the file of the model, of which `model` says what the file does not."""
    places = settings.places
    rows, cached = read_rows(places.rows), read_images(places.images)
    ids = {part: of for part, of in ids.items() if of}  # A model of all rows has none that are out of fold.
    images = {part: row_images(rows, cached, of, "test" if part == "test" else "train") for part, of in ids.items()}
    with reading(weights, "a model's weights"):
        inputs = {"weights": sha256(weights), **model}
    inputs |= {
        "rows": {part: sha256_of_json([ids[part], *_lists(images[part])]) for part in ids},
        "pixels": read_pixels_key(places.pixels).model_dump(mode="json"),
        "aggregate": settings.fact("layout.aggregate", Aggregate),
        "precision": settings.section("predict", Predict).precision,
        **made_by(MAKER),
    }
    folder = places.features / name / sha256_of_json(inputs)[:16]
    return Space(name, f"foldline features {options}", folder, inputs, ids, images)


def _lists(images: RowImages) -> tuple[list[int], list[int]]:
    return images.cache_indices.tolist(), images.rows.tolist()


def classes_of(settings: Settings, row_ids: Sequence[str], part: str) -> list[str]:
    """Of each row the class; "" where there is none, or more than one, and for test rows."""
    names, rows = read_classes(settings.places.classes), read_rows(settings.places.rows)
    targets = read_targets(settings.places.targets, rows, names)
    if part == "test" or targets.ndim > 1:
        return [""] * len(row_ids)
    return [names[target] if target >= 0 else "" for target in targets[positions_of(rows, row_ids)].tolist()]


def model_of(settings: Settings, fold: FoldName | None, seed: int) -> "Classifier":
    """That of the fold and seed; without a fold the pretrained backbone, under a head that means nothing.

    Raises Refusal where trainings begin at random.
    """
    from foldline.training.models import Architecture, build_model, load_model
    from foldline.training.starting_weights import starting_weights

    places = settings.places
    if fold is not None:
        return load_model(places.trained(fold, seed) / MODEL)
    model, pixels = settings.section("train.model", Models), read_pixels_key(places.pixels)
    weights = starting_weights(places.weights, model.name)
    if weights is None:
        raise Refusal(
            f"{places.weights} says that trainings begin at random: there is no pretrained backbone. Set `weights` in "
            "params.yaml and run `dvc repro weights`, or take a trained model: --fold 0."
        )
    shape = {"channels": pixels.channels, "height": pixels.height, "width": pixels.width}
    return build_model(parse({"model": model, **shape, **WITHOUT_HEAD}, Architecture, "train.model"), weights)


def make(space: Space, fold: FoldName | None, seed: int, wanted: Sequence[tuple[str, str]], stages: list[str]) -> None:
    """What every process does, as `make_features`: with the settings of `predict`."""
    from foldline.pixels.loaders import evaluation_loader
    from foldline.predicting.making_features import make_features
    from foldline.training.processes import start_accelerator

    settings = read_settings()
    section, aggregate = settings.section("predict", Predict), settings.fact("layout.aggregate", Aggregate)
    model, pixels = model_of(settings, fold, seed), open_cache(settings.places)
    refuse_scaled_views(model.architecture.model, [view for _, view in wanted])
    accelerator = start_accelerator(section.precision)
    per_process = max(1, section.batch_size // accelerator.num_processes)
    load = partial(evaluation_loader, pixels, batch_size=per_process, workers=section.workers)
    make_features(space, model, wanted, stages, load, aggregate, accelerator)
