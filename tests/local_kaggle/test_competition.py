import zipfile
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.local_kaggle.competition import read_competition
from tests.kaggle.rehearsal import SLUG, write_competition


def test_loose_files_are_zipped_once_and_again_when_they_change(tmp_path: Path) -> None:
    folder = write_competition(tmp_path / "source")
    first = read_competition(folder, SLUG, tmp_path / "memory").archive
    written = first.stat().st_mtime_ns
    assert read_competition(folder, SLUG, tmp_path / "memory").archive.stat().st_mtime_ns == written
    (folder / "files" / "more.txt").write_text("more")
    second = read_competition(folder, SLUG, tmp_path / "memory")
    assert second.archive != first
    assert second.files["more.txt"] == 4


def test_a_single_zip_is_served_as_it_is(tmp_path: Path) -> None:
    folder = write_competition(tmp_path / "source")
    loose = read_competition(folder, SLUG, tmp_path / "memory").archive
    for path in sorted((folder / "files").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    zipped = loose.rename(folder / "files" / "all.zip")
    assert read_competition(folder, SLUG, tmp_path / "memory").archive == zipped
    assert zipfile.ZipFile(zipped).infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize("name", ["solution.csv", "competition.yaml"])
def test_what_is_missing_is_named(tmp_path: Path, name: str) -> None:
    folder = write_competition(tmp_path / "source")
    (folder / name).unlink()
    with pytest.raises(Refusal, match=f"{name} does not exist.*local_kaggle --help"):
        read_competition(folder, SLUG, tmp_path / "memory")


def test_unknown_metric_and_sample(tmp_path: Path) -> None:
    folder = write_competition(tmp_path / "source")
    description = (folder / "competition.yaml").read_text()
    (folder / "competition.yaml").write_text(description.replace("log_loss", "logloss"))
    with pytest.raises(Refusal, match=r"`metric.kind` is 'logloss': write `log_loss`"):
        read_competition(folder, SLUG, tmp_path / "memory")
    (folder / "competition.yaml").write_text(description.replace("sample_submission", "sample"))
    with pytest.raises(Refusal, match=r"no file `sample.csv`. Found labels.csv, sample_submission.csv"):
        read_competition(folder, SLUG, tmp_path / "memory")
    (folder / "competition.yaml").write_text(description)
    (folder / "files" / "sample_submission.csv").write_text("id\n1\n")
    with pytest.raises(Refusal, match="must have an id column and at least one more, found id"):
        read_competition(folder, SLUG, tmp_path / "memory")
