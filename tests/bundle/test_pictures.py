"""`foldline predict FOLDER`: the same path for any pictures, and a csv that a person reads."""

import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from foldline.bundle.pictures_table import write_pictures
from foldline.card.target import Target
from foldline.ensembling.forms import Form
from foldline.ensembling.predictions import Predictions
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import rule_of
from foldline.params.section import parse
from pipelines import predict_folder
from tests.bundle.finished import card_of, finish
from tests.competitions import test_dog_breed_identification, test_tabular_features
from tests.competitions.drawing import image_file

SLUG = "dog-breed-identification"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dogs")
    with pytest.MonkeyPatch.context() as patched:
        finish(card_of(SLUG), test_dog_breed_identification.draw(), folder, patched)
    return folder


def predict(monkeypatch: pytest.MonkeyPatch, *words: object) -> Any:
    monkeypatch.setattr(sys, "argv", ["foldline predict", *map(str, words)])
    return predict_folder.main()


def test_pictures_at_any_depth_as_the_test_set_is_predicted(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(project)
    test_images = {path.stem: path for path in unpacked(tmp_path / "all", Places(SLUG))}
    pictures = tmp_path / "pictures"
    (pictures / "deep").mkdir(parents=True)
    row_ids = sorted(test_images)[:2]
    shutil.copy(test_images[row_ids[0]], pictures / "a.jpg")
    shutil.copy(test_images[row_ids[1]], pictures / "deep/b.jpg")
    (pictures / "broken.png").write_bytes(b"no picture")
    (pictures / "notes.txt").write_text("no picture either")

    said = predict(monkeypatch, pictures)
    assert said["csv"] == tmp_path / "pictures.csv"
    assert said["unreadable"] == ["broken.png"]
    assert "left empty, since they cannot be read: broken.png: " in capsys.readouterr().out
    table = pd.read_csv(tmp_path / "pictures.csv")
    assert table["path"].tolist() == ["a.jpg", "broken.png", "deep/b.jpg"]
    assert table.iloc[1, 1:].isna().all()
    stored = pd.read_csv(Places(SLUG).submission).set_index("id")
    for line, row_id in ((0, row_ids[0]), (2, row_ids[1])):
        assert table.loc[line, "prediction"] == stored.loc[row_id].idxmax()
        np.testing.assert_allclose(
            table.loc[line, list(stored.columns)].to_numpy(float), stored.loc[row_id].to_numpy(float), rtol=1e-5
        )


def unpacked(folder: Path, places: Places) -> list[Path]:
    [archive] = [path for path in places.archives.iterdir() if path.suffix == ".zip"]
    shutil.unpack_archive(archive, folder)
    return list((folder / "test").iterdir())


def test_what_is_no_folder_of_pictures_is_refused(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(Refusal, match=r"nowhere is not a folder. Name the folder"):
        predict(monkeypatch, "nowhere")
    (tmp_path / "notes.txt").write_text("none")
    with pytest.raises(Refusal, match=r"holds no image. Known are .jpg"):
        predict(monkeypatch, tmp_path)


def test_models_that_are_told_more_than_a_picture_refuse_a_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = tmp_path / f"{test_tabular_features.SLUG}.yaml"
    card.write_text(test_tabular_features.CARD)
    (tmp_path / "project").mkdir()
    (tmp_path / "one.png").write_bytes(image_file(0, "png"))
    finish(card, test_tabular_features.draw(), tmp_path / "project", monkeypatch)
    with pytest.raises(Refusal, match=r"the models of wards also learned from age, ward, which a folder"):
        predict(monkeypatch, tmp_path)


MULTICLASS = {"kind": "multiclass", "column": "label", "group": None}
MULTILABEL = {"kind": "multilabel", "column": "labels", "separator": " ", "none": None, "group": None}
NUMBERS = {"kind": "regression", "values": {"kind": "columns", "columns": ["p", "q"]}, "group": None}
THRESHOLDS = {"kind": "thresholds", "thresholds": [0.5, 0.5], "empty": "allowed"}


@pytest.mark.parametrize(
    ("target", "form", "rule", "values", "expected"),
    [
        (MULTICLASS, {"kind": "distribution"}, {"kind": "as_predicted"}, [[0.25, 0.75]],
         "path,prediction,p,q\n0,q,0.25,0.75\n"),
        (MULTICLASS, {"kind": "distribution"}, {"kind": "top_classes", "length": 2}, [[0.25, 0.75]],
         "path,prediction,p,q\n0,q;p,0.25,0.75\n"),
        (MULTICLASS, {"kind": "independent"}, THRESHOLDS, [[0.5, 0.75], [0.25, 0.125]],
         "path,prediction,p,q\n0,p;q,0.5,0.75\n1,,0.25,0.125\n"),
        (NUMBERS, {"kind": "value"}, {"kind": "within_range", "lowest": [0, 0], "highest": [1, 1]}, [[-3, 0.5]],
         "path,p,q\n0,0.0,0.5\n"),
    ],
)  # fmt: skip
def test_columns_are_what_the_target_s_predictions_are(
    target: dict, form: dict, rule: Any, values: list, expected: str, tmp_path: Path
) -> None:
    test = np.array(values, np.float32)
    ids = tuple(map(str, range(len(test))))
    nothing = np.empty((0, 2), np.float32)
    made = Predictions(nothing, test, (), ids, np.empty(0, np.int64), ("p", "q"), parse(form, Form, "form"))
    kind = parse(target, Target, "target")
    write_pictures(tmp_path / "out.csv", made, rule_of(rule), kind, np.ones(len(test), bool))
    assert (tmp_path / "out.csv").read_text() == expected


def test_classes_may_be_called_as_the_columns_are(tmp_path: Path) -> None:
    test, nothing = np.float32([[0.25, 0.75]]), np.empty((0, 2), np.float32)
    form, kind = parse({"kind": "distribution"}, Form, "form"), parse(MULTICLASS, Target, "target")
    made = Predictions(nothing, test, (), ("t",), np.empty(0, np.int64), ("path", "prediction"), form)
    rule = rule_of({"kind": "as_predicted"})
    assert write_pictures(tmp_path / "a.csv", made, rule, kind, np.array([True])) == ["path", "prediction"] * 2
    assert (tmp_path / "a.csv").read_text() == "path,prediction,path,prediction\nt,prediction,0.25,0.75\n"
