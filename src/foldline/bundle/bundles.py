"""The models of a finished run in one flat folder, each in a file that describes itself; and how such a folder is used.

Files of one's own that models or the card are built by lie next to the models, and are put into a project's places for
as long as the bundle is open.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pandas.api.types import is_float_dtype

from foldline.bundle.described import Described, read_described, write_described
from foldline.bundle.fitting import fitted_again
from foldline.bundle.new_rows import FromPlace, first_place
from foldline.bundle.predictions import Steps, finish, with_models
from foldline.card.card import own_tables, read_card
from foldline.card.description import read_description as read_classes
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.tabular_columns import TabularColumns
from foldline.ensembling.clipping import KindsOfBounds
from foldline.ensembling.ensembling import Ensemble
from foldline.ensembling.members import models_of
from foldline.ensembling.predictions import Predictions
from foldline.files.places import CARDS, OWN, FoldName, Places, card_file
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import TABULAR, read_rows, tabular_columns
from foldline.metrics.decisions.rules import read_rule
from foldline.metrics.metric import Metric
from foldline.params.yaml_files import read_yaml
from foldline.pixels.cache import open_pixels, read_images, read_pixels_key
from foldline.predicting.model_logits import ToPredict, open_model, predict_model
from foldline.predicting.predicted_rows import Aggregate, Predict
from foldline.training.models import read_description
from foldline.training.processes import start_accelerator

EVERY = "model-fold*-seed*.safetensors"


@dataclass(frozen=True)
class Bundle:
    folder: Path
    described: Described
    """By one of its models; all say the same but for fold and seed."""
    models: Mapping[tuple[FoldName, int], Path]


def steps_of(described: Described) -> Steps:
    section, fact = described.section, described.fact
    return Steps(
        section("ensemble", Ensemble),
        section("clip.bounds", KindsOfBounds),
        fact("target", Target),
        fact("metric", Metric),
        fact("submission", Submission),
    )


def write_models(folder: Path, places: Places) -> None:
    """Fill an existing folder with the models of the finished run of `places`, and with the files of one's own that
    they need. Raises Refusal when the run is not finished, or params.yaml and the card have changed since."""
    described = _described(places)
    models = listed_models(described)
    fitted = fitted_again(places, steps_of(described), models)
    for name, place in described.own.items():
        shutil.copyfile(places.root / place, folder / name)
    first = _first_image(places, models[0])
    for fold, seed in models:
        one = described.model_copy(update={"fold": fold, "seed": seed, **fitted, "first_image": first})
        file = places.trained(fold, seed) / "model.safetensors"
        write_described(folder / f"model-fold{fold}-seed{seed}.safetensors", file, one)


def listed_models(described: Described) -> list[tuple[FoldName, int]]:
    """Fold and seed of each model of the experiment."""
    folds, seeds = (("folds", tuple[FoldName, ...]), ("train.seeds", tuple[int, ...]))
    return models_of(described.section(*folds), described.section(*seeds))


def _described(places: Places) -> Described:
    """Without what is fitted, and of no model yet."""
    card, rows = places.root / card_file(places.slug), read_rows(places.rows)
    features = [(name.removeprefix(TABULAR), is_float_dtype(rows[name])) for name in tabular_columns(rows)]
    numbers, categories = (tuple(name for name, is_one in features if is_one == wish) for wish in (True, False))
    return Described(
        slug=places.slug,
        fold=0,
        seed=0,
        params=read_yaml(places.root / "params.yaml"),
        card=read_yaml(card),
        classes=read_classes(places.classes),
        pixels=read_pixels_key(places.pixels),
        first_image=0,
        tabular=TabularColumns(numbers, categories),
        ensemble={},
        bounds={},
        rule=read_rule(places.clipped / "rule.json"),
        own=_own(places, card),
    )


def _first_image(places: Places, model: tuple[FoldName, int]) -> int:
    description = read_description(places.trained(*model) / "model.safetensors")
    return first_place(read_images(places.images), read_rows(places.rows), bool(description.get("frozen")))


def _own(places: Places, card_path: Path) -> dict[str, str]:
    """By flat names that tell equal ones apart, the places of the files of one's own that params.yaml or the card may
    name."""
    of_card = dict.fromkeys(CARDS / one.file for one in own_tables(read_card(card_path)))
    below = places.root / OWN
    of_params = [path.relative_to(places.root) for path in sorted(below.rglob("*")) if path.is_file()]
    found = [*of_card, *(path for path in of_params if path.suffix == ".py")]
    return {f"own-{number}-{path.name}": path.as_posix() for number, path in enumerate(found)}


def read_bundle(path: Path) -> Bundle:
    """A folder that `write_models` filled, or one model's file of it. Raises Refusal when a model is missing, damaged
    or of another bundle."""
    files = [path] if path.is_file() else sorted(path.glob(EVERY))
    if not files:
        raise Refusal(f"{path} holds no model of a bundle ({EVERY}). `foldline bundle` makes one.")
    described = {file: read_described(file) for file in files}
    first = described[files[0]]
    for file, one in described.items():
        if one.shared != first.shared:
            raise Refusal(f"{file} and {files[0]} are of different bundles. Make the bundle again: `foldline bundle`.")
    models = {(one.fold, one.seed): file.absolute() for file, one in described.items()}
    wanted = listed_models(first)
    missing = [f"fold {fold}, seed {seed}" for fold, seed in wanted if (fold, seed) not in models]
    if missing and path.is_dir():
        raise Refusal(f"{path} lacks models: {listed(missing)}. Make the bundle again: `foldline bundle`.")
    in_order = {model: models[model] for model in wanted if model in models}
    return Bundle(files[0].absolute().parent, first, in_order)


@contextmanager
def opened(bundle: Bundle) -> Iterator[Places]:
    """A temporary project to work in, with the bundle's files of one's own; it is the working folder meanwhile."""
    with TemporaryDirectory(prefix="foldline-") as folder, chdir(folder):
        for name, place in bundle.described.own.items():
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.folder / name, place)
        yield Places(bundle.described.slug, Path(folder))


def predict_models(bundle: Bundle, places: Places) -> None:
    """Every process calls it: each model's logits of the rows that `decode` (new_rows.py) has put into `places`."""
    described = bundle.described
    section, aggregate = described.section("predict", Predict), described.fact("layout.aggregate", Aggregate)
    accelerator = start_accelerator(section.precision)
    rows, images = read_rows(places.rows), read_images(places.images)
    pixels = open_pixels(places.pixel_caches, read_pixels_key(places.pixels), lambda: None)
    if described.first_image:
        pixels = FromPlace(pixels, described.first_image)
        images = images.assign(cache_index=images["cache_index"] + described.first_image)
    wanted = ToPredict(rows, images, (), tuple(rows["row_id"]), described.classes.names, section, aggregate)
    for model, file in bundle.models.items():
        opened_model, folder = open_model(file, section), places.predicted(*model)
        predict_model(opened_model, file, wanted, pixels, lambda: places.features, folder, accelerator)


def predictions(bundle: Bundle, places: Places) -> Predictions:
    """What all models together say, after `predict_models`; the bundle's rule makes answers of it."""
    described, ids = bundle.described, tuple(read_rows(places.rows)["row_id"])
    predicted = with_models({model: places.predicted(*model) for model in bundle.models}, ids, described.classes.names)
    return finish(predicted, steps_of(described), described.ensemble, described.bounds, places.work)
