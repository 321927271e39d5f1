"""Competitions that show their test images to submitted notebooks alone: ids and a sample, but no image."""

import io
import sys
import zipfile
from pathlib import Path

import pytest

from foldline.experiment.params import read_params
from foldline.files.refusal import Refusal
from foldline.pixels.cache import MISSING, read_images
from pipelines import doctor, prepare
from tests.competitions import grading
from tests.competitions import test_aptos2019_blindness_detection as aptos
from tests.competitions.conftest import CARDS, Enter, set_up
from tests.competitions.drawing import Miniature, zipped

CARD = CARDS / "aptos2019-blindness-detection.yaml"
ABSENT = r"layout.test: none of its \d+ images is there. The path gives `test_images/.*hold train_images/"


def without(folder: str) -> Miniature:
    whole = aptos.draw()
    [(name, content)] = whole.files.items()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        kept = {path: archive.read(path) for path in archive.namelist() if not path.startswith(folder)}
    return Miniature({name: zipped(kept)}, whole.labels, whole.answers)


def test_a_person_may_go_on_with_blank_images(enter: Enter) -> None:
    miniature = without("test_images/")
    places = enter(CARD, miniature, max_unreadable_fraction=0.4)
    assert (read_images(places.images)["error"] == MISSING).sum() == len(miniature.answers)
    grading.read(places.submission, list(miniature.answers), ["id_code", "diagnosis"], exact=True)


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stage", "--write", "first.yaml"])


@pytest.mark.usefixtures("stage")
def test_the_doctor_says_what_it_may_be_and_does_not_allow_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up(CARD, without("test_images/"))
    doctor.main()
    assert (
        "shows its test images to submitted notebooks alone, set prepare.max_unreadable_fraction to"
        in capsys.readouterr().out
    )
    assert read_params(Path("first.yaml")).prepare.max_unreadable_fraction == 0

    monkeypatch.setattr(sys, "argv", ["stage"])
    with pytest.raises(
        Refusal, match=rf"(?s){ABSENT}.*Correct the template. Or.*max_unreadable_fraction to 0\.\d+ or more"
    ):
        prepare.main()


@pytest.mark.usefixtures("stage")
def test_a_train_set_without_an_image_is_a_mistake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["stage"])
    set_up(CARD, without("train_images/"), max_unreadable_fraction=1.0)
    with pytest.raises(Refusal, match=r"(?s)layout.train: none of its \d+ images is there.*Correct the template.$"):
        prepare.main()
