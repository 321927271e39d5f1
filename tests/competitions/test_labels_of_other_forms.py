"""Labels in other forms than those of the cards: a column of 0 and 1 per class, names with spaces, sets in brackets;
classes that weigh."""

import io
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from sklearn.metrics import f1_score, log_loss
from sklearn.preprocessing import MultiLabelBinarizer

from foldline.files.whole_files import read_json
from tests.competitions import grading, test_dog_breed_identification, test_imet_2020_fgvc7
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, zipped

BREEDS = test_dog_breed_identification.BREEDS


def test_a_function_makes_them_alike(enter: Enter, tmp_path: Path) -> None:
    miniature = with_one_hot_labels(test_dog_breed_identification.draw())
    card = yaml.safe_load((CARDS / "dog-breed-identification.yaml").read_text())
    card["layout"]["train"]["table"] = [
        "one_hot.csv",
        {"kind": "python", "file": "dog-breed-identification.py", "name": "named"},
    ]
    path = written(card, tmp_path)
    path.with_suffix(".py").write_text(
        f"""
def named(table, read):
    held = table[{[in_words(breed) for breed in BREEDS]}].astype(float)
    return table.assign(breed=held.idxmax(axis=1).str.replace(" ", "_"))
"""
    )
    places = enter(path, miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", *BREEDS])
    probabilities = grading.distributions(submission)
    assert log_loss(list(miniature.answers.values()), probabilities, labels=BREEDS) < 0.5


def test_classes_that_weigh_in_a_log_loss(enter: Enter, tmp_path: Path) -> None:
    miniature, heavy = test_dog_breed_identification.draw(), BREEDS[0]
    card = yaml.safe_load((CARDS / "dog-breed-identification.yaml").read_text())
    card["metric"] = {"kind": "weighted_log_loss", "weights": {heavy: 4}}

    places = enter(written(card, tmp_path), miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", *BREEDS])
    weights = [4 if breed == heavy else 1 for breed in miniature.answers.values()]
    probabilities = grading.distributions(submission)
    assert log_loss(list(miniature.answers.values()), probabilities, labels=BREEDS, sample_weight=weights) < 0.5
    assert read_json(places.clipped / "metrics.json")["metric"] == "weighted_log_loss"


def test_sets_in_brackets(enter: Enter, tmp_path: Path) -> None:
    """As plantclef-2024 submits them."""
    miniature = with_brackets(test_imet_2020_fgvc7.draw(sizes=(0, 1, 2, 3)))
    card = yaml.safe_load((CARDS / "imet-2020-fgvc7.yaml").read_text())
    card["submission"] |= {"enclosed_by": "[]", "delimiter": ", "}

    places = enter(written(card, tmp_path), miniature)

    submission = pd.read_csv(places.submission, index_col="id")["attribute_ids"].loc[list(miniature.answers)]
    assert submission.str.fullmatch(r"\[(\d+(, \d+)*)?\]").all()
    binarizer = MultiLabelBinarizer(classes=test_imet_2020_fgvc7.ATTRIBUTES)
    truth = binarizer.fit_transform(miniature.answers.values())
    found = binarizer.transform([np.array(text[1:-1].split(", ")) if text != "[]" else [] for text in submission])
    assert f1_score(truth, found, average="micro") > 0.8


def with_brackets(drawn: Miniature) -> Miniature:
    """The sample submission has its sets in them."""
    [(name, archive)] = drawn.files.items()
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        entries = {path: opened.read(path) for path in opened.namelist()}
    entries["sample_submission.csv"] = csv({"id": drawn.answers.keys(), "attribute_ids": "[0, 1, 2]"})
    return Miniature({name: zipped(entries)}, drawn.labels, drawn.answers)


def written(card: dict[str, Any], folder: Path) -> Path:
    path = folder / "cards" / f"{card['slug']}.yaml"
    path.parent.mkdir()
    path.write_text(yaml.safe_dump(card))
    return path


def in_words(breed: str) -> str:
    return breed.replace("_", " ")


def with_one_hot_labels(drawn: Miniature) -> Miniature:
    columns = {in_words(breed): [float(label == breed) for label in drawn.labels.values()] for breed in BREEDS}
    table = {"one_hot.csv": csv({"id": drawn.labels.keys(), **columns})}
    return Miniature({**drawn.files, "one_hot.zip": zipped(table)}, drawn.labels, drawn.answers)
