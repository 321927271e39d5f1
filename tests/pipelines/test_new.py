"""`foldline new`: a card that the doctor then reads."""

import sys
from pathlib import Path

import pytest

from foldline.card.card import read_card
from foldline.files.refusal import Refusal
from pipelines import new
from tests.competitions.drawing import csv, image_files, zipped


def test_a_card_from_files_that_one_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [f"a{number}" for number in range(6)]
    files = image_files([f"train/{row}.jpg" for row in ids] + ["test/b.jpg"], 0)
    files["labels.csv"] = csv({"id": ids, "species": ["cat", "dog"] * 3})
    files["sample_submission.csv"] = csv({"id": ["b"], "cat": [0.5], "dog": [0.5]})
    (tmp_path / "pets.zip").write_bytes(zipped(files))
    (tmp_path / "pipelines/competitions").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["new", "pets", "--from", "pets.zip"])
    answer = new.main()
    card = read_card(Path("pipelines/competitions/pets.yaml"))
    assert (card.target.kind, card.submission.kind) == ("multiclass", "class_probabilities")
    assert answer["next"].startswith("foldline doctor --competition pets --write params.yaml")
    with pytest.raises(Refusal, match=r"pets.yaml is there already"):
        new.main()
