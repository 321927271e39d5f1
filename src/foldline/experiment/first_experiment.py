"""A first experiment for a card: a recipe in which the card's facts and the data's size decide what they can."""

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import yaml

from foldline.card.card import Card
from foldline.card.views import IDENTITY
from foldline.competition.missing_images import describe_none
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal
from foldline.folds.assignment import TrainRows
from foldline.params.section import Precision, parse

MODEL_ON_GPU, MODEL_ON_CPU = "resnet50.a1_in1k", "tf_efficientnet_lite0.in1k"
"""On a CPU core the second learned four times as many images of 224 pixels a second."""
MOST_PIXELS, STEP_PIXELS = 224, 32
LEAST_SQUARE_PIXELS = 96
"""Smaller images are enlarged: of 32 pixels the model, which was trained on large ones, makes one place. Source:
Kornblith, Shlens and Le, Do Better ImageNet Models Transfer Better?, 2019, who enlarge even CIFAR's to 224."""
SQUASHED_ASPECT = 1.4
"""Up to this, squashing an image to a square does less harm than the black bars of padding."""
OBLONG_ASPECT = 4.0
"""From this on a square would be three quarters padding, or squash most of the longer side away: a signal of 3 x 4096
would keep 32 of its samples. Height and width differ instead, with as many pixels as the largest square."""
FOLDS = 5
WANTED_STEPS, LEAST_STEPS = 96, 4
"""In a training, and in an epoch. Batches are smaller where there would be fewer of the first, and smaller than
SMALL_BATCH where there would be fewer of the second."""
SMALL_BATCH = 16
LINEAR_PROBE = {"kind": "linear_probe", "inverse_penalty": 0.03}


@dataclass(frozen=True)
class TypicalImage:
    """What the images are like, half of them more so and half of them less."""

    side_pixels: float
    """The shorter side."""
    aspect: float
    """Longer side by shorter side."""
    is_wide: bool
    """Whether the longer side is the width."""


UNKNOWN = TypicalImage(side_pixels=float(MOST_PIXELS), aspect=1.0, is_wide=False)
"""Before anything is downloaded."""


MANY = TrainRows(100_000, 100_000, 100_000)
"""Before anything is downloaded."""


def typical_image(images: pd.DataFrame) -> TypicalImage:
    """images: as in their table. Raises Refusal when none can be read."""
    files = images.drop_duplicates("path")
    readable = files[files["error"].isna()]
    if readable.empty:
        raise Refusal(describe_none(images))
    sides = readable[["height", "width"]]
    aspects = sides.max(axis=1) / sides.min(axis=1)
    is_wide = bool((readable["width"] > readable["height"]).mean() > 0.5)
    return TypicalImage(float(sides.min(axis=1).median()), float(aspects.median()), is_wide)


def experiment_text(experiment: Mapping[str, Any]) -> str:
    """Its params.yaml."""
    return yaml.safe_dump(dict(experiment), sort_keys=False, default_flow_style=None, width=120)


def first_experiment(
    recipe: Mapping[str, Any], card: Card, image: TypicalImage, model: str, rows: TrainRows = MANY
) -> dict[str, Any]:
    """`recipe` (the content of a params.yaml) for the competition of `card`, by folds, with timm's `model`. Raises
    Refusal when it does not fit the card, or no fold can be held back."""
    experiment = copy.deepcopy(dict(recipe))
    height, width = _size(image)
    folds, near_duplicates = _folds(rows)
    experiment |= {"competition": card.slug, "folds": list(range(folds))}
    experiment["prepare"] |= {
        "height_pixels": height,
        "width_pixels": width,
        "resize": "pad" if SQUASHED_ASPECT < image.aspect < OBLONG_ASPECT else "squash",
        # A wrong path looks like missing images: to go on without some is for a person to say.
        "max_unreadable_fraction": 0.0,
    }
    experiment["split"] |= {"count": folds, "near_duplicates": near_duplicates}
    experiment["train"] |= {"loss": dict(card.target.first_loss)}
    experiment["train"]["model"] |= {"name": model}
    if card.symmetries is None:
        experiment["train"] |= {"augmentation": {"recipe": "none", "transforms": []}}
    views = [IDENTITY, *(view for view in ("horizontal_flip",) if view in (card.symmetries or ()))]
    experiment["predict"] |= {"views": views}
    experiment["submit"] |= {"message": f"first experiment, {model}"}
    refuse_unfit(parse(experiment, Params, "the first experiment"), card)
    return experiment


def on_this_machine(experiment: Mapping[str, Any], precision: Precision, workers: int) -> dict[str, Any]:
    """The same with what the machine is fastest with."""
    suited = {"precision": precision, "workers": workers}
    return {**experiment, "train": experiment["train"] | suited, "predict": experiment["predict"] | suited}


def of_length(experiment: Mapping[str, Any], folds: int, epochs: int, rows: TrainRows) -> dict[str, Any]:
    """The same with the first `folds`, so many epochs, and batches that leave enough steps; without any epoch it learns
    a linear head alone."""
    learned = rows.count - rows.count // experiment["split"]["count"]
    train = experiment["train"] | {"epochs": epochs}
    train |= {key: suited_batch(learned, epochs, train[key]) for key in ("batch_size", "micro_batch_size")}
    if epochs == 0:
        train |= {"head_initialisation": LINEAR_PROBE}
    return {**experiment, "folds": experiment["folds"][:folds], "train": train}


def _folds(rows: TrainRows) -> tuple[int, str]:
    """Their number, and what becomes of near-duplicates."""
    if rows.clusters > 1:
        return min(FOLDS, rows.clusters), "same_fold"
    if rows.groups > 1:  # they look alike to a machine, such as drawings of one kind
        return min(FOLDS, rows.groups), "ignored"
    raise Refusal(
        f"There is no first experiment: the {rows.count:,} train rows with a readable image share one group or one "
        "image, so that no fold can be held back. Name a column with more values as target.group in the card, or "
        "null; or correct what the card's layout.train names."
    )


def suited_batch(rows: int, epochs: int, most: int) -> int:
    """At most `most`, with steps enough in a training of so many rows."""
    small = min(_largest_batch(rows, LEAST_STEPS), SMALL_BATCH)
    return min(max(_largest_batch(rows * max(epochs, 1), WANTED_STEPS), small), most)


def _largest_batch(images: int, steps: int) -> int:
    """A power of two that takes so many steps for these images, or two of them."""
    return 1 << max(1, (images // steps).bit_length() - 1)


def _size(image: TypicalImage) -> tuple[int, int]:
    """Height and width in pixels, multiples of STEP_PIXELS."""
    if image.aspect < OBLONG_ASPECT:
        side = min(max(_stepped(image.side_pixels, math.ceil), LEAST_SQUARE_PIXELS), MOST_PIXELS)
        return side, side
    # Squares alone would allow symmetries that swap the axes as views; a first experiment asks for none of these.
    most = MOST_PIXELS**2
    shorter = min(_stepped(image.side_pixels, math.ceil), _stepped(math.sqrt(most / image.aspect), math.floor))
    shorter = max(shorter, STEP_PIXELS)
    longer = min(_stepped(image.side_pixels * image.aspect, math.ceil), _stepped(most / shorter, math.floor))
    return (shorter, longer) if image.is_wide else (longer, shorter)


def _stepped(pixels: float, rounded: Callable[[float], int]) -> int:
    return STEP_PIXELS * rounded(pixels / STEP_PIXELS)
