"""Every competition of MLE-bench that goes from images to labels or numbers has a card, and a miniature that proves it.

The list is from memory (openai/mle-bench, all its splits). Where MLE-bench packs files otherwise than Kaggle, which is
true of those in OTHERWISE, the card fits both, and the miniature's test draws both.
"""

from importlib import import_module
from inspect import signature

import pytest

from tests.competitions.conftest import CARDS

SLUGS = (
    "aerial-cactus-identification",
    "alaska2-image-steganalysis",
    "aptos2019-blindness-detection",
    "cassava-leaf-disease-classification",
    "cdiscount-image-classification-challenge",
    "dog-breed-identification",
    "dogs-vs-cats-redux-kernels-edition",
    "herbarium-2020-fgvc7",
    "herbarium-2021-fgvc8",
    "herbarium-2022-fgvc9",
    "histopathologic-cancer-detection",
    "hms-harmful-brain-activity-classification",
    "hotel-id-2021-fgvc8",
    "imet-2020-fgvc7",
    "inaturalist-2019-fgvc6",
    "invasive-species-monitoring",
    "iwildcam-2019-fgvc6",
    "iwildcam-2020-fgvc7",
    "leaf-classification",
    "paddy-disease-classification",
    "petfinder-pawpularity-score",
    "plant-pathology-2020-fgvc7",
    "plant-pathology-2021-fgvc8",
    "plant-seedlings-classification",
    "ranzcr-clip-catheter-line-classification",
    "rsna-2022-cervical-spine-fracture-detection",
    "rsna-breast-cancer-detection",
    "rsna-miccai-brain-tumor-radiogenomic-classification",
    "seti-breakthrough-listen",
    "siim-isic-melanoma-classification",
    "statoil-iceberg-classifier-challenge",
    "whale-categorization-playground",
)
OTHERWISE = (
    "aerial-cactus-identification",
    "dogs-vs-cats-redux-kernels-edition",
    "herbarium-2020-fgvc7",
    "inaturalist-2019-fgvc6",
    "invasive-species-monitoring",
    "iwildcam-2019-fgvc6",
    "statoil-iceberg-classifier-challenge",
)


@pytest.mark.parametrize("slug", SLUGS)
def test_it_has_a_card_and_a_miniature(slug: str) -> None:
    assert (CARDS / f"{slug}.yaml").exists()
    draw = import_module(f"tests.competitions.test_{slug.replace('-', '_')}").draw
    assert bool(signature(draw).parameters) >= (slug in OTHERWISE), "one for each way of packing"
