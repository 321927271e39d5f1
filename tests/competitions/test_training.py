"""Real trainings, of a few steps: every kind of target is learned, and goes through predictions to the csv."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from foldline.files.places import Places
from foldline.predicting.logits import read_logits
from foldline.training.history import read_history
from foldline.training.models import load_model
from foldline.training.pretext_marker import write_marker
from pipelines import clip, ensemble, format, prepare, split, weights
from pipelines.fold_prediction import predict_one
from pipelines.train import train
from tests.competitions import (
    grading,
    test_aptos2019_blindness_detection,
    test_bengaliai_cv19,
    test_galaxy_zoo_the_galaxy_challenge,
    test_hms_harmful_brain_activity_classification,
    test_mayo_clinic_strip_ai,
    test_petfinder_pawpularity_score,
    test_ranzcr_clip_catheter_line_classification,
    test_rsna_2024_lumbar_spine_degenerative_classification,
    test_statoil_iceberg_classifier_challenge,
)
from tests.competitions.conftest import CARDS, PARAMS, set_up
from tests.competitions.drawing import Miniature

RECIPE = Path(__file__).parents[2] / "params.yaml"
EYES, PETS, SLIDES = "aptos2019-blindness-detection", "petfinder-pawpularity-score", "mayo-clinic-strip-ai"
LINES, GALAXIES = "ranzcr-clip-catheter-line-classification", "galaxy-zoo-the-galaxy-challenge"
GRAPHEMES, BRAINS = "bengaliai-cv19", "hms-harmful-brain-activity-classification"
ICE, SPINES = "statoil-iceberg-classifier-challenge", "rsna-2024-lumbar-spine-degenerative-classification"
eyes, pets = test_aptos2019_blindness_detection.draw, test_petfinder_pawpularity_score.draw
galaxies = partial(test_galaxy_zoo_the_galaxy_challenge.draw, missing_share=0.3)
SQUARED, ENTROPY = {"kind": "mean_squared_error"}, {"kind": "cross_entropy", "smoothing": 0.0}
LEARNED: list[tuple[str, Callable[[], Miniature], dict]] = [
    (LINES, test_ranzcr_clip_catheter_line_classification.draw, {"kind": "binary_cross_entropy", "smoothing": 0.0}),
    (PETS, pets, SQUARED),
    (GALAXIES, galaxies, {"kind": "huber", "delta": 1.0}),
    (EYES, eyes, {"kind": "cumulative_link"}),
    (EYES, eyes, SQUARED),
    (SLIDES, test_mayo_clinic_strip_ai.draw, ENTROPY),
    (GRAPHEMES, test_bengaliai_cv19.draw, ENTROPY),
    (BRAINS, test_hms_harmful_brain_activity_classification.draw, ENTROPY),
]
LEARNED_SLOWLY: list[tuple[str, Callable[[], Miniature], dict]] = [
    (SPINES, test_rsna_2024_lumbar_spine_degenerative_classification.draw, {"kind": "focal", "gamma": 2.0}),
    (EYES, eyes, ENTROPY),
    (EYES, eyes, {"kind": "focal", "gamma": 2.0}),
    (EYES, eyes, {"kind": "mean_absolute_error"}),
    (EYES, eyes, {"kind": "huber", "delta": 1.0}),
]
"""Several labels, one number, several of which some are missing, levels under each loss, several images per row, a
label for each of several columns, of which some may be missing, shares of votes."""


@pytest.mark.parametrize(
    ("slug", "draw", "loss"), [*LEARNED, *(pytest.param(*case, marks=pytest.mark.slow) for case in LEARNED_SLOWLY)]
)
def test_the_loss_falls_and_the_predictions_become_a_submission(
    slug: str, draw: Callable[[], Miniature], loss: dict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = learn(slug, draw(), {"epochs": 4, "loss": loss}, tmp_path, monkeypatch)
    losses = read_history(places.trained(0, 0) / "history.csv")["train_loss"].tolist()
    assert losses[-1] < losses[0]
    assert places.submission.exists(), "checked as the grader would, or it would not be there"


def learn(slug: str, miniature: Miniature, changes: dict, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """From `prepare` to `format`, fold 0 alone."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["stage"])
    places = set_up(CARDS / f"{slug}.yaml", miniature)
    params = yaml.safe_load(RECIPE.read_text())
    params |= PARAMS | {"competition": slug, "folds": [0], "train": params["train"]}
    params["train"] |= {"batch_size": 8, "micro_batch_size": 8, "schedule": {"kind": "constant"}} | changes
    params["train"]["augmentation"] = {"recipe": "none", "transforms": []}
    Path("params.yaml").write_text(yaml.safe_dump(params))
    for stage in (prepare, split, weights):
        stage.main()
    write_marker(places.pretext_choice(0))
    train(0, 0)
    predict_one(0, 0)
    for stage in (ensemble, clip, format):
        stage.main()
    return places


def test_two_channels_of_numbers_are_learned_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    miniature = test_statoil_iceberg_classifier_challenge.draw()
    places = learn(ICE, miniature, {"epochs": 1}, tmp_path, monkeypatch)

    assert load_model(places.trained(0, 0) / "model.safetensors").architecture.channels == 2
    logits = read_logits(places.predicted(0, 0)).test
    assert np.ptp(logits, axis=0).min() > 0, "the images make a difference"
    submission = grading.read(places.submission, list(miniature.answers), ["id", "is_iceberg"])
    grading.numbers(submission, 0, 1)
