"""A bundle's models on new pictures against the stage `predict` on the same ones, both from a finished pixel cache.

python -m benchmarks.bundle
"""

from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from benchmarks.clock import PAIRS
from benchmarks.figures import Figure
from benchmarks.noise import device_seconds_of
from foldline.bundle.bundles import Bundle, predict_models, read_bundle
from foldline.bundle.described import Described, write_described
from foldline.bundle.new_rows import decode, picture_rows
from foldline.card.activations import Softmax
from foldline.card.description import Classes
from foldline.competition.tabular_columns import TabularColumns
from foldline.files.places import Places, card_file
from foldline.files.rows import read_rows
from foldline.metrics.decisions.rules import rule_of
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.pixels.cache import PixelsKey, open_pixels, read_images, read_pixels_key
from foldline.predicting.model_logits import ToPredict, open_model, predict_model
from foldline.predicting.predicted_rows import Predict
from foldline.training.models import Architecture, build_model, save_model
from foldline.training.processes import start_accelerator

PIXELS, PICTURES, CLASSES = 128, 256, 10
MODEL = "tf_efficientnet_lite0"


def measure() -> list[Figure]:
    with TemporaryDirectory() as folder:
        bundle = write_noise(Path(folder))
        places = Places(bundle.described.slug, Path(folder))
        decode(picture_rows(Path(folder) / "pictures", bundle.described), bundle.described, places)
        stage = partial(predict_as_the_stage, places, bundle)
        ratios = [
            device_seconds_of(partial(predict_models, bundle, places)) / device_seconds_of(stage)
            for _ in range(PAIRS + 1)
        ]
    how = f"{MODEL}, {PICTURES} pictures of {PIXELS} pixels, float32; median of {PAIRS} interleaved pairs"
    claim = "a bundle's models / the stage `predict`, time"
    return [Figure(claim, median(ratios[1:]), 1.1, False, "", how)]


def predict_as_the_stage(places: Places, bundle: Bundle) -> None:
    section, [(model, file)] = bundle.described.section("predict", Predict), bundle.models.items()
    rows, images, pixels = read_rows(places.rows), read_images(places.images), read_pixels_key(places.pixels)
    cache, accelerator = open_pixels(places.pixel_caches, pixels, lambda: None), start_accelerator(section.precision)
    wanted = ToPredict(rows, images, (), tuple(rows["row_id"]), bundle.described.classes.names, section, "mean")
    folder = places.predicted(*model)
    predict_model(open_model(file, section), file, wanted, cache, lambda: folder, folder, accelerator)


def write_noise(folder: Path) -> Bundle:
    """Pictures of noise, and a bundle of one model that nobody trained."""
    (folder / "pictures").mkdir()
    for number in range(PICTURES):
        pixels = np.random.default_rng(number).integers(0, 256, (PIXELS, PIXELS, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"pictures/{number:03}.png")
    params, card = read_yaml(Path("params.yaml")), read_yaml(card_file("digits"))
    params |= {"folds": [0]}
    size = {"height": PIXELS, "width": PIXELS, "channels": 3}
    model = {**params["train"]["model"], "name": MODEL}
    facts = {**size, "model": model, "outputs": CLASSES, "activation": "softmax", "tabular": None}
    save_model(folder / "model.safetensors", build_model(parse(facts, Architecture, "architecture")))
    key = {**size, "key": "0" * 64, "count": PICTURES, "dtype": "uint8", "resize": "squash", "range": None}
    described = Described(
        slug="digits",
        fold=0,
        seed=0,
        params=params,
        card=card,
        classes=Classes(names=tuple("0123456789"), sizes=(CLASSES,), activations=(Softmax,)),
        pixels=parse({**key, "jpeg_quality": None}, PixelsKey, "pixels"),
        first_image=0,
        tabular=TabularColumns(),
        ensemble={},
        bounds={},
        rule=rule_of({"kind": "as_predicted"}),
        own={},
    )
    write_described(folder / "model-fold0-seed0.safetensors", folder / "model.safetensors", described)
    return read_bundle(folder)


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
