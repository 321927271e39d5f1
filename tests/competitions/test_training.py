"""One real training, of one epoch: two channels of numbers go through loader, model and predictions to the csv."""

import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from foldline.learning.models import load_model
from foldline.tables.logits import read_logits
from pipelines import clip, ensemble, format, prepare, split, weights
from pipelines.predict import predict_fold
from pipelines.train import train
from tests.competitions import grading
from tests.competitions.conftest import CARDS, PARAMS, set_up
from tests.competitions.test_statoil_iceberg_classifier_challenge import draw

RECIPE = Path(__file__).parents[2] / "params.yaml"
SLUG = "statoil-iceberg-classifier-challenge"


def test_two_channels_of_numbers_are_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    miniature = draw()
    places = set_up(CARDS / f"{SLUG}.yaml", miniature)
    params = yaml.safe_load(RECIPE.read_text())
    params |= PARAMS | {"competition": SLUG, "folds": [0], "train": params["train"]}
    params["train"] |= {"epochs": 1, "batch_size": 8, "micro_batch_size": 8}
    params["train"]["schedule"] = {"kind": "constant"}
    Path("params.yaml").write_text(yaml.safe_dump(params))

    prepare.main()
    split.main()
    weights.main()
    train(0, 0)
    predict_fold(0, 0)
    ensemble.main()
    clip.main()
    format.main()

    assert load_model(places.trained(0, 0) / "model.safetensors").architecture.channels == 2
    logits = read_logits(places.predicted(0, 0)).test
    assert np.ptp(logits, axis=0).min() > 0, "the images make a difference"
    submission = grading.read(places.submission, list(miniature.answers), ["id", "is_iceberg"])
    grading.numbers(submission, 0, 1)
