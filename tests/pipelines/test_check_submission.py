"""`foldline check-submission` as a person starts it, on a csv from elsewhere."""

import sys
import zipfile
from pathlib import Path

import pytest
import yaml

from foldline.archive.archives import ArchiveFile, Manifest, write_manifest
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from pipelines import check_submission
from tests.classes import write_classes

CARDS = Path(__file__).parents[2] / "pipelines" / "competitions"
SLUG = "aptos2019-blindness-detection"


@pytest.fixture
def csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A path for the csv, in a checkout whose parameters name another competition."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["check_submission", "mine.csv", "--card", SLUG])
    Path("params.yaml").write_text(yaml.safe_dump({"competition": "digits"}))
    Path("pipelines/competitions").mkdir(parents=True)
    Path("pipelines/competitions", f"{SLUG}.yaml").write_bytes((CARDS / f"{SLUG}.yaml").read_bytes())
    places = Places(SLUG)
    places.archives.mkdir(parents=True)
    with zipfile.ZipFile(places.archives / "all.zip", "w") as archive:
        archive.writestr("sample_submission.csv", "id_code,diagnosis\na,0\nb,0\n")
    write_manifest(
        places.manifest, Manifest(competition=SLUG, files=(ArchiveFile(name="all.zip", bytes=1, sha256=""),))
    )
    return tmp_path / "mine.csv"


def test_a_good_one_is_said_to_be_good(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    csv.write_text("diagnosis,id_code\n4,b\n0,a\n")
    check_submission.main()
    assert (
        "mine.csv: 2 rows, 2 columns; valid: matches sample_submission.csv"
        "; labels were not compared with the train rows': run `dvc repro prepare` first\n" in capsys.readouterr().out
    )


def test_labels_are_compared_once_there_are_classes(csv: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_classes(Places(SLUG).classes, ("0", "1", "2", "3", "4"))
    csv.write_text("id_code,diagnosis\na,0\nb,1\n")
    check_submission.main()
    assert "not compared" not in capsys.readouterr().out
    csv.write_text("id_code,diagnosis\na,0\nb,5\n")
    with pytest.raises(
        Refusal, match=r"row 2 \(id `b`\): column `diagnosis` names '5', which is not a label. There are 0,"
    ):
        check_submission.main()


def test_the_first_offending_line_is_named(csv: Path) -> None:
    csv.write_text("id_code,diagnosis\na,0\nb,2.3\n")
    with pytest.raises(
        Refusal, match=r"mine.csv, row 2 \(id `b`\): column `diagnosis` is '2.3', it must be an integer"
    ):
        check_submission.main()
