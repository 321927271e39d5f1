"""Parquet files as Hugging Face's `datasets` writes them: an image is a struct of its bytes and its path."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from sklearn.metrics import accuracy_score

from foldline.card.card import read_card
from foldline.doctor.examination import examine
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter, set_up
from tests.competitions.drawing import Miniature, assigned, csv, image_file, numbered


def table(ids: list[str], first_seed: int, **columns: Any) -> bytes:
    images = [{"bytes": image_file(first_seed + place), "path": f"{row_id}.jpg"} for place, row_id in enumerate(ids)]
    stored = io.BytesIO()
    pd.DataFrame({"image": images, "id": ids, **columns}).to_parquet(stored)
    return stored.getvalue()


def draw() -> Miniature:
    labels, answers = assigned(numbered(30, "{}", 1), "012"), assigned(numbered(12, "{}", 101), "012")
    ids, values = list(labels), list(labels.values())
    files = {
        "train-00000-of-00002.parquet": table(ids[:15], 0, label=values[:15]),
        "train-00001-of-00002.parquet": table(ids[15:], 100, label=values[15:]),
        "test-00000-of-00001.parquet": table(list(answers), 200),
        "sample_submission.csv": csv({"id": answers.keys(), "label": 0}),
    }
    return Miniature(files, labels, answers)


def card(folder: Path, row_id: str, field: str) -> Path:
    facts = yaml.safe_load((CARDS / "paddy-disease-classification.yaml").read_text())
    part = {"kind": "records", "id": row_id, "image": {"kind": "encoded", "field": field}}
    facts["layout"] |= {"train": part | {"file": "train-*.parquet"}, "test": part | {"file": "test-*.parquet"}}
    facts["submission"]["id"] = "id"
    facts["slug"], facts["target"]["group"] = "parquet", None
    path = folder / "parquet.yaml"
    path.write_text(yaml.safe_dump(facts))
    return path


@pytest.mark.parametrize(("row_id", "field"), [("id", "image"), ("{image.path.stem}", "image.bytes")])
def test_the_struct_or_its_bytes_are_the_image(enter: Enter, tmp_path: Path, row_id: str, field: str) -> None:
    miniature = draw()
    places = enter(card(tmp_path, row_id, field), miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"], exact=True)
    found = grading.integers(submission["label"])
    assert accuracy_score(list(miniature.answers.values()), found) > 0.9


@pytest.mark.parametrize("field", ["image", "image.bytes"])
def test_no_part_of_an_image_is_a_feature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    monkeypatch.chdir(tmp_path)
    places = set_up(card(tmp_path, "id", field), draw())
    assert examine(read_card(Path("pipelines/competitions/parquet.yaml")), places).facts["unused columns"] == "none"
