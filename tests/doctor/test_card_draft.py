"""First cards, from files alone."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from foldline.archive.archives import Archives
from foldline.card.card import Card
from foldline.doctor.card_draft import Draft, draft_card
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.competitions.drawing import csv, image_files, zipped

IDS = [f"a{number}" for number in range(12)]
TRAIN = image_files([f"train/{row}.jpg" for row in IDS], 0)
TEST = image_files(["test/b1.jpg", "test/b2.jpg"], 50)


def draft(folder: Path, files: Mapping[str, bytes]) -> tuple[Draft, Card]:
    """The draft, and the card that its text is: whatever is guessed, it is one."""
    (folder / "all.zip").write_bytes(zipped(files))
    with Archives(folder, ["all.zip"]) as archives:
        found = draft_card(archives, "pets", {"kind": "kaggle"})
    return found, parse(yaml.safe_load(found.text()), Card, "the draft")


def asked(folder: Path, labels: list[Any], answers: dict[str, Any]) -> dict[str, Any]:
    """What is drafted of one column `y` of labels and the sample's columns next to its ids."""
    tables = {"train.csv": csv({"id": IDS, "y": labels}), "sample_submission.csv": csv({"id": ["b1", "b2"], **answers})}
    _, card = draft(folder, TRAIN | TEST | tables)
    return {"target": card.target.kind, "metric": card.metric.kind, "submission": card.submission.kind}


@pytest.mark.parametrize(
    ("labels", "answers", "expected"),
    [
        (
            ["cat", "dog", "emu"] * 4,
            dict.fromkeys(("cat", "dog", "emu"), 0.3),
            "multiclass class_probabilities log_loss",
        ),
        (["cat", "dog", "emu"] * 4, {"y": ["cat", "cat"]}, "multiclass label accuracy"),
        ([0, 1] * 6, {"y": [0.5, 0.5]}, "binary number auc"),
        (["cat", "dog"] * 6, {"y": ["cat", "cat"]}, "binary label accuracy"),
        ([0, 1, 2, 3] * 3, {"y": [0, 0]}, "ordinal label quadratic_weighted_kappa"),
        ([0.5, 1.25, 7.0] * 4, {"y": [0, 0]}, "regression number rmse"),
        (["cat", "cat dog", "dog"] * 4, {"y": ["cat", "cat"]}, "multilabel label_set samples_f_beta"),
        (["0,5", "1,25", "-7,0"] * 4, {"y": ["0,0"] * 2}, "regression number rmse"),
        (["cat", "dog", "emu"] * 4, {"y": ["cat dog emu"] * 2}, "ranked ranking map_at_k"),
        (["cat", "dog", "emu"] * 4, {"y": ["cat 0.3"] * 2}, "multiclass confident_label global_average_precision"),
    ],
)
def test_the_sample_says_what_is_asked(
    labels: list[Any], answers: dict[str, Any], expected: str, tmp_path: Path
) -> None:
    target, submission, metric = expected.split()
    assert asked(tmp_path, labels, answers) == {"target": target, "metric": metric, "submission": submission}


def test_columns_of_the_sample_may_be_columns_of_labels(tmp_path: Path) -> None:
    tables = {
        "train.csv": csv({"id": IDS, "rust": [0, 1] * 6, "scab": [1, 1, 0] * 4, "farm": ["x", "y", "y"] * 4}),
        "test.csv": csv({"id": ["b1", "b2"], "farm": ["x", "z"]}),
        "sample_submission.csv": csv({"id": ["b1", "b2"], "rust": [0.5, 0.5], "scab": [0.5, 0.5]}),
    }
    found, card = draft(tmp_path, TRAIN | TEST | tables)
    assert (card.target.kind, card.submission.kind) == ("multilabel", "class_probabilities")
    assert "`group` may be one of farm" in found.remarks["target"]
    assert "# A guess from the sample's form" in found.text()


def test_an_index_that_was_saved_is_neither_id_nor_answer(tmp_path: Path) -> None:
    def indexed(columns: dict[str, list[str]]) -> bytes:
        return pd.DataFrame(columns).to_csv().encode()

    rows = [f"{number:04}" for number in range(12)]
    tables = {
        "train.csv": indexed({"image": [f"{row}.jpg" for row in rows], "y": ["cat", "dog"] * 6}),
        "sample_submission.csv": indexed({"y": ["cat", "cat"], "image": ["0078", "0077"]}),
    }
    drawn = image_files([f"train/{row}.jpg" for row in rows] + ["test/0077.jpg", "test/0078.jpg"], 0)
    _, card = draft(tmp_path, drawn | tables)
    train, test = (card.layout.model_dump()[part][0] for part in ("train", "test"))
    assert (train["id"], train["path"]) == ("image", ("train/{image}",))
    assert (test["id"], test["path"]) == ("image", ("test/{image}.jpg",))
    assert card.target.model_dump()["column"] == "y"
    assert card.submission.copied == ("Unnamed: 0",)


def test_what_stands_between_the_labels_of_a_set(tmp_path: Path) -> None:
    tables = {
        "train.csv": csv({"id": IDS, "y": ["red fox", "red fox|emu", "emu|grey owl"] * 4}),
        "sample_submission.csv": csv({"id": ["b1", "b2"], "y": ["emu|red fox"] * 2}),
    }
    _, card = draft(tmp_path, TRAIN | TEST | tables)
    assert card.target.model_dump()["labels"]["delimiter"] == card.submission.model_dump()["delimiter"] == "|"


def test_run_lengths_are_no_sets(tmp_path: Path) -> None:
    masks = ["1 3 10 5", "1 3", "", "10 5 40 3"] * 3
    sample = {"sample_submission.csv": csv({"id": ["b1", "b2"], "y": ["1 3"] * 2})}
    found, _ = draft(tmp_path, TRAIN | TEST | {"train.csv": csv({"id": IDS, "y": masks})} | sample)
    assert found.remarks["target"].startswith("NOT UNDERSTOOD: `y` looks like masks or boxes")


def test_a_table_that_cannot_be_read_is_said_where_names_say_labels(tmp_path: Path) -> None:
    tables = {"train.csv": b"id,y,y\na1,0,1\n", "sample_submission.csv": csv({"id": ["b1", "b2"], "y": ["a", "a"]})}
    found, _ = draft(tmp_path, TRAIN | TEST | tables)
    assert "`train.csv` is not a readable table: duplicate column names" in found.remarks["layout"]


def test_several_columns_of_labels(tmp_path: Path) -> None:
    columns = {"y": ["cat", "dog"] * 6, "z": ["x", "y", "z"] * 4}
    tables = {
        "train.csv": csv({"id": IDS, **columns}),
        "sample_submission.csv": csv({"id": ["b1", "b2"], "y": ["cat"] * 2, "z": ["x"] * 2}),
    }
    _, card = draft(tmp_path, TRAIN | TEST | tables)
    assert (card.target.kind, card.metric.kind) == ("multioutput", "mean_column_accuracy")


def test_paths_are_read_off_the_files(tmp_path: Path) -> None:
    """A folder by label, a number with zeros, and a suffix that the table lacks."""
    rows = [f"{number}" for number in range(12)]
    drawn = image_files([f"train/{'ab'[int(row) % 2]}/{int(row):04}.png" for row in rows], 0)
    tables = {
        "train.csv": csv({"n": rows, "kind": ["a", "b"] * 6}),
        "sample_submission.csv": csv({"n": ["77", "78"], "kind": ["a", "a"]}),
    }
    _, card = draft(tmp_path, drawn | image_files(["test/0077.png", "test/0078.png"], 60) | tables)
    assert card.layout.model_dump()["train"][0]["path"] == ("train/{kind}/{n:04}.png",)
    assert card.layout.model_dump()["test"][0]["path"] == ("test/{n:04}.png",)


def test_folders_say_labels_where_no_table_does(tmp_path: Path) -> None:
    drawn = image_files([f"train/{label}/{row}.jpg" for row, label in zip(IDS, ["cat", "dog"] * 6, strict=True)], 0)
    sample = {"sample_submission.csv": csv({"id": ["b1", "b2"], "species": ["cat", "cat"]})}
    found, card = draft(tmp_path, drawn | TEST | sample)
    assert card.layout.model_dump()["train"][0]["kind"] == "walk"
    assert card.target.model_dump()["column"] == "label"
    assert "taken from paths" in found.remarks["layout"]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            TRAIN | {"train.csv": csv({"id": IDS, "y": IDS})},
            "no table is named as a sample submission is. Found train.csv",
        ),
        ({"sample_submission.csv": csv({"id": ["b1"], "y": [0]})}, "no file ends as an image does"),
        (TRAIN | {"sample_submission.csv": csv({"id": ["b1"]})}, "has one column, which asks for nothing"),
        (
            image_files(["train/x1z.jpg", "train/y2z.jpg"], 0)
            | {"sample_submission.csv": csv({"id": ["b1"], "y": [0]})},
            "neither their folders nor their names say a label",
        ),
        (
            image_files(["train/x1z.jpg", "train/y2z.jpg"], 0)
            | {"train.csv": b"id,y,y\nx1z,0,1\n", "sample_submission.csv": csv({"id": ["b1"], "y": [0]})},
            "(?s)neither their folders.*`train.csv` is not a readable table",
        ),
    ],
)
def test_refuses_what_says_too_little(files: Mapping[str, bytes], message: str, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=message):
        draft(tmp_path, files)


@pytest.mark.parametrize(
    "slug", ["cifar_10", "hotel_id_2021_fgvc8", "inaturalist_2019_fgvc6", "plant_seedlings_classification"]
)
def test_of_these_competitions_no_card_needs_an_edit(slug: str, tmp_path: Path) -> None:
    """`python -m benchmarks.card_drafts` says it of all miniatures."""
    from benchmarks.card_drafts import edits
    from foldline.card.card import read_card

    miniature = import_module(f"tests.competitions.test_{slug}").draw()
    for name, content in miniature.files.items():
        (tmp_path / name).write_bytes(content)
    with Archives(tmp_path, list(miniature.files)) as archives:
        card = read_card(Path(__file__).parents[2] / f"pipelines/competitions/{slug.replace('_', '-')}.yaml")
        assert list(edits(archives, card)) == []
