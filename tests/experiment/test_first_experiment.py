"""What a card and the images decide of a first experiment; that it is valid for every card we ship."""

from pathlib import Path

import pytest
import yaml

from foldline.card.card import read_card
from foldline.experiment.first_experiment import (
    MANY,
    MODEL_ON_CPU,
    MODEL_ON_GPU,
    UNKNOWN,
    TypicalImage,
    experiment_text,
    first_experiment,
    of_length,
    on_this_machine,
)
from foldline.experiment.params import Params
from foldline.files.refusal import Refusal
from foldline.folds.assignment import TrainRows
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml

RECIPE = read_yaml(Path("pipelines/recipes/first-experiment.yaml"))
CARDS = sorted(Path("pipelines/competitions").glob("*.yaml"))
DOGS = read_card(Path("pipelines/competitions/dog-breed-identification.yaml"))


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
@pytest.mark.parametrize("image", [UNKNOWN, TypicalImage(3.0, 1365.3, True)], ids=["unknown", "oblong"])
def test_every_card_has_a_valid_first_experiment(card: Path, image: TypicalImage) -> None:
    facts = read_card(card)
    params = parse(first_experiment(RECIPE, facts, image, MODEL_ON_GPU), Params, "first")
    assert params.competition == card.stem


@pytest.mark.parametrize(
    ("image", "size", "resize"),
    [
        (TypicalImage(28.0, 1.0, False), (96, 96), "squash"),
        (TypicalImage(75.0, 1.0, True), (96, 96), "squash"),
        (TypicalImage(400.0, 1.33, True), (224, 224), "squash"),
        (TypicalImage(480.0, 2.0, True), (224, 224), "pad"),
        (TypicalImage(3.0, 1365.3, True), (32, 1568), "squash"),
        (TypicalImage(40.0, 150.0, False), (1568, 32), "squash"),
        (TypicalImage(60.0, 5.0, False), (320, 64), "squash"),
        (TypicalImage(1000.0, 5.0, True), (96, 512), "squash"),
    ],
)
def test_images_decide_their_size(image: TypicalImage, size: tuple[int, int], resize: str) -> None:
    prepare = first_experiment(RECIPE, DOGS, image, MODEL_ON_CPU)["prepare"]
    assert (prepare["height_pixels"], prepare["width_pixels"]) == size
    assert (prepare["resize"], prepare["max_unreadable_fraction"]) == (resize, 0.0)


@pytest.mark.parametrize(
    ("rows", "folds", "near_duplicates", "batches"),
    [
        (TrainRows(10_000, 9_000, 9_500), 5, "same_fold", {0: 64, 1: 64, 3: 64}),
        (TrainRows(10_000, 3, 3), 3, "same_fold", {1: 64, 3: 64}),
        (TrainRows(1_650, 1_600, 1_650), 5, "same_fold", {1: 16, 3: 32, 10: 64}),  # 83, 126 and 210 steps
        (TrainRows(300, 300, 300), 5, "same_fold", {3: 16, 10: 16}),  # 45 and 150
        (TrainRows(20, 20, 20), 5, "same_fold", {3: 4}),
        (TrainRows(20, 1, 4), 4, "ignored", {3: 2}),  # all alike to a machine
        (TrainRows(2, 2, 2), 2, "same_fold", {3: 2}),
    ],
)
def test_rows_decide_folds_and_with_the_epochs_batches(
    rows: TrainRows, folds: int, near_duplicates: str, batches: dict[int, int]
) -> None:
    first = first_experiment(RECIPE, DOGS, UNKNOWN, MODEL_ON_CPU, rows)
    assert (first["folds"], first["split"]["count"]) == (list(range(folds)), folds)
    assert first["split"]["near_duplicates"] == near_duplicates
    for epochs, batch in batches.items():
        train = of_length(first, folds, epochs, rows)["train"]
        assert (train["batch_size"], train["micro_batch_size"]) == (batch, batch)


def test_where_no_fold_can_be_held_back_there_is_no_first_experiment() -> None:
    with pytest.raises(
        Refusal, match=r"There is no first experiment: the 20 train rows .* share one group or one image"
    ):
        first_experiment(RECIPE, DOGS, UNKNOWN, MODEL_ON_CPU, TrainRows(20, 1, 1))


def test_the_recipe_stays_as_it_was() -> None:
    before = str(RECIPE)
    first_experiment(RECIPE, DOGS, UNKNOWN, MODEL_ON_CPU)
    assert str(RECIPE) == before


def test_the_machine_and_the_time_decide_the_rest() -> None:
    first = first_experiment(RECIPE, DOGS, UNKNOWN, "resnet18")
    params = parse(of_length(on_this_machine(first, "float32", 3), 2, 7, MANY), Params, "first")
    assert (params.train.precision, params.train.workers) == ("float32", 3)
    assert (params.predict.precision, params.predict.workers) == ("float32", 3)
    assert (params.folds, params.split.count, params.train.epochs) == ((0, 1), 5, 7)
    assert (params.train.model.name, params.submit.message) == ("resnet18", "first experiment, resnet18")


@pytest.mark.parametrize("card", CARDS, ids=lambda path: path.stem)
def test_without_an_epoch_it_is_a_linear_head(card: Path) -> None:
    first = of_length(first_experiment(RECIPE, read_card(card), UNKNOWN, MODEL_ON_CPU), 1, 0, MANY)
    assert parse(first, Params, "first").train.head_initialisation.learns


def test_its_text_is_the_experiment() -> None:
    first = first_experiment(RECIPE, DOGS, UNKNOWN, MODEL_ON_CPU)
    assert yaml.safe_load(experiment_text(first)) == first
