"""A competition whose images say nothing: columns beside them decide, where an experiment lets them."""

import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from foldline.files.places import Places
from foldline.predicting.logits import read_logits
from foldline.training.models import load_model
from foldline.training.pretext_marker import write_marker
from pipelines import prepare, split, weights
from pipelines.fold_prediction import predict_one
from pipelines.train import train
from tests.competitions.conftest import PARAMS, set_up
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

RECIPE = Path(__file__).parents[2] / "pipelines/recipes/digits.yaml"
SLUG = "wards"
CARD = """\
slug: wards
title: Two images of noise per row
host: {kind: kaggle}
layout:
  channels: 3
  range: null
  aggregate: mean
  train: {kind: table, table: train.csv, id: id, path: "train/{id}/*.png"}
  test: {kind: table, table: test.csv, id: id, path: "test/{id}/*.png"}
target: {kind: multiclass, column: label, group: null}
features: {numbers: [age], categories: [ward]}
metric: {kind: log_loss}
submission: {kind: class_probabilities, sample: sample_submission.csv, id: id, extra_columns: ignored}
symmetries: [horizontal_flip]
"""


def beside(labels: dict[str, str]) -> dict[str, list[str]]:
    """The age says the label of two rows in three, the ward that of the third, whose age is not known."""
    told = [(place % 3 == 0, label == "ill") for place, label in enumerate(labels.values())]
    return {
        "age": ["na" if by_ward else str(30 + 40 * is_ill) for by_ward, is_ill in told],
        "ward": ["pq"[is_ill] if by_ward else "" for by_ward, is_ill in told],
    }


def draw() -> Miniature:
    labels, answers = (
        assigned(numbered(80, "a{:02}"), ("ill", "well")),
        assigned(numbered(20, "b{:02}"), ("ill", "well")),
    )
    entries = image_files([f"train/{row_id}/{side}.png" for row_id in labels for side in "LR"], 0)
    entries |= image_files([f"test/{row_id}/{side}.png" for row_id in answers for side in "LR"], 1000)
    entries["train.csv"] = csv({"id": labels.keys(), "label": labels.values(), **beside(labels)})
    entries["test.csv"] = csv({"id": answers.keys(), **beside(answers)})
    entries["sample_submission.csv"] = csv({"id": answers.keys(), "ill": 0.5, "well": 0.5})
    return Miniature({f"{SLUG}.zip": zipped(entries)}, labels, answers)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wards")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sys, "argv", ["stage"])
        (folder / f"{SLUG}.yaml").write_text(CARD)
        set_up(folder / f"{SLUG}.yaml", draw())
        write_params("joined")
        prepare.main()
        split.main()
        weights.main()
        write_marker(Places(SLUG).pretext_choice(0))
    return folder


def write_params(tabular_features: str) -> None:
    """The backbone stays as it is, at random: what can be learned is what the head makes of what it is given."""
    params = yaml.safe_load(RECIPE.read_text())
    recipe = params["train"] | {
        "epochs": 12,
        "batch_size": 16,
        "micro_batch_size": 16,
        "schedule": {"kind": "constant"},
        "average": {"kind": "none"},
        "learning_rates": {
            "kind": "layer_decay",
            "head": 0.03,
            "backbone": 1e-30,
            "layer_decay": 1.0,
            "groups": "stages",
        },
        "freezing": {"kind": "gradual", "head_epochs": 12, "stage_epochs": 0, "batchnorm": "eval"},
    }
    recipe["model"] |= {"tabular_features": tabular_features}
    params |= PARAMS | {"competition": SLUG, "folds": [0], "train": recipe}
    params["predict"] |= {"views": ["identity", "horizontal_flip"]}
    Path("params.yaml").write_text(yaml.safe_dump(params))


@pytest.mark.parametrize(("tabular_features", "least", "most"), [("concatenated", 0.95, 1.0), ("none", 0.2, 0.8)])
def test_features_decide_where_they_are_joined_and_nowhere_else(
    tabular_features: str, least: float, most: float, prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(prepared)
    write_params(tabular_features)
    train(0, 0)
    predict_one(0, 0)

    places, miniature = Places(SLUG), draw()
    encoding = load_model(places.trained(0, 0) / "model.safetensors").architecture.tabular
    assert (encoding is not None) == (tabular_features == "concatenated")
    logits = read_logits(places.predicted(0, 0))
    for ids, outputs, truth in (
        (logits.validation_ids, logits.validation, miniature.labels),
        (logits.test_ids, logits.test, miniature.answers),
    ):
        assert outputs.shape[1] == 2, "two views"
        said = np.array(logits.classes)[outputs.mean(axis=1).argmax(axis=1)]
        assert least <= np.mean(said == [truth[row_id] for row_id in ids]) <= most
