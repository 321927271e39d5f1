"""A table in another encoding, and one with a stray quote: what `prepare` and the doctor say, and what is submitted."""

import sys
from pathlib import Path

import pytest
from sklearn.metrics import accuracy_score

from foldline.files.refusal import Refusal
from pipelines import doctor, prepare
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter, set_up
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

CARD = CARDS / "paddy-disease-classification.yaml"
LABELS = ("番茄早疫病", "向日葵", "蒲公英")


def draw(change: tuple[str, str] = ("", "")) -> Miniature:
    labels = assigned(numbered(24, "{}.jpg", 100330), LABELS)
    answers = assigned(numbered(12, "{:06}.jpg", 1), LABELS)
    entries = image_files([f"train_images/{label}/{row_id}" for row_id, label in labels.items()], 0)
    entries |= image_files([f"test_images/{row_id}" for row_id in answers], 100)
    table = csv({"image_id": labels.keys(), "label": labels.values()})
    table = table.decode() if isinstance(table, bytes) else table
    entries["train.csv"] = table.replace(*change).encode("gbk")
    entries["sample_submission.csv"] = csv({"image_id": answers.keys(), "label": ""})
    return Miniature({"paddy-disease-classification.zip": zipped(entries)}, labels, answers)


def test_labels_in_gbk_are_submitted_as_what_they_are(enter: Enter, capsys: pytest.CaptureFixture[str]) -> None:
    miniature = draw()
    places = enter(CARD, miniature)
    said = capsys.readouterr().out
    assert "train.csv: 25 lines, 24 rows and the header; it is not UTF-8, and was read as gbk: " in said
    assert "sample_submission.csv: 13 lines, 12 rows and the header\n" in said
    submission = grading.read(places.submission, list(miniature.answers), ["image_id", "label"])
    assert accuracy_score(list(miniature.answers.values()), submission["label"]) > 0.9


def test_a_quote_that_swallows_a_row_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage"])
    set_up(CARD, draw(("100331.jpg,", '100331.jpg,"')))
    for stage in (prepare, doctor):
        with pytest.raises(Refusal, match=r"`train.csv` is not a readable table: a quote in line 3 is never closed"):
            stage.main()
