"""A first experiment for a card: a recipe in which the card's facts and the data's size decide what they can."""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from foldline.cards.card import Card

MODEL = "resnet50.a1_in1k"
LEAST_PIXELS, MOST_PIXELS, STEP_PIXELS = 32, 224, 32
SQUASHED_ASPECT = 1.4
"""Up to this, squashing an image to a square does less harm than the black bars of padding."""
FOLDS = 5
LOSSES: Mapping[str, dict[str, Any]] = {
    "multilabel": {"kind": "binary_cross_entropy", "smoothing": 0.0},
    "multioutput": {"kind": "binary_cross_entropy", "smoothing": 0.0},
    # The votes are soft enough.
    "shares": {"kind": "cross_entropy", "smoothing": 0.0},
    "regression": {"kind": "mean_squared_error"},
}
SOFTMAX_LOSS = {"kind": "cross_entropy", "smoothing": 0.1}


@dataclass(frozen=True)
class Pictures:
    """What the images are like, half of them more so and half of them less."""

    side_pixels: float
    """The shorter side."""
    aspect: float
    """Longer side by shorter side."""
    unreadable_share: float


UNKNOWN = Pictures(side_pixels=float(MOST_PIXELS), aspect=1.0, unreadable_share=0.0)
"""Before anything is downloaded."""


def first_experiment(recipe: Mapping[str, Any], card: Card, pictures: Pictures) -> dict[str, Any]:
    """`recipe` (the content of a params.yaml) for the competition of `card`, by folds, with a ResNet50 as the model."""
    experiment = copy.deepcopy(dict(recipe))
    side = STEP_PIXELS * math.ceil(pictures.side_pixels / STEP_PIXELS)
    side = min(max(side, LEAST_PIXELS), MOST_PIXELS)
    experiment |= {"competition": card.slug, "folds": list(range(FOLDS))}
    experiment["prepare"] |= {
        "height_pixels": side,
        "width_pixels": side,
        "resize": "squash" if pictures.aspect <= SQUASHED_ASPECT else "pad",
        # Rounded up, so that the images which are unreadable now are allowed.
        "unreadable_share": math.ceil(pictures.unreadable_share * 1000) / 1000,
    }
    experiment["split"] |= {"count": FOLDS, "near_duplicates": "together"}
    experiment["train"] |= {"loss": LOSSES.get(card.target.kind, SOFTMAX_LOSS)}
    experiment["train"]["model"] |= {"name": MODEL, "head": {"kind": "plain"}, "drop_path_rate": 0.0}
    if card.symmetries is None:
        experiment["train"] |= {"augmentation": {"recipe": "none", "transforms": []}}
    views = ["identity", *(view for view in ("horizontal_flip",) if view in (card.symmetries or ()))]
    experiment["predict"] |= {"views": views}
    experiment |= {"clip": {"bounds": {"kind": "fitted"}, "rule": "fitted"}}
    experiment["submit"] |= {"message": f"first experiment, {MODEL}"}
    return experiment
