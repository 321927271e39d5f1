import json
import zipfile
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.local_kaggle.evaluation import Evaluation
from foldline.local_kaggle.hosted_competition import Submissions, leaderboard, read_competition
from tests.kaggle.rehearsal import SLUG, write_competition
from tests.metrics.of_kind import metric_of_kind


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
    with pytest.raises(Refusal, match=f"{name} does not exist.*local-kaggle --help"):
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


def evaluation(public: str, private: str, error: str) -> Evaluation:
    return Evaluation(public_score=public, private_score=private, error=error)


BAD = evaluation("", "", "Columns do not match")


def test_they_outlast_the_server_newest_first(tmp_path: Path) -> None:
    first = Submissions(tmp_path, "a").add("me", "one.csv", "1", 10, evaluation("0.5", "0.4", ""))
    second = Submissions(tmp_path, "a").add("me", "two.csv", "2", 10, BAD)
    other = Submissions(tmp_path, "b").add("me", "three.csv", "3", 10, BAD)
    assert first.ref < second.ref < other.ref
    assert [found.file_name for found in Submissions(tmp_path, "a").all()] == ["two.csv", "one.csv"]
    assert (second.status, second.error) == ("ERROR", "Columns do not match")


def test_what_counts_today(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path, "a")
    first = submissions.add("me", "one.csv", "", 10, evaluation("0.5", "0.4", ""))
    submissions.add("me", "two.csv", "", 10, BAD)
    submissions.add("you", "three.csv", "", 10, evaluation("0.5", "0.4", ""))
    path = submissions.folder / f"{first.ref}.json"
    assert submissions.counted_today("me") == 1
    yesterday = {key: value for key, value in json.loads(path.read_text()).items() if key != "hash"}
    path.write_text(json.dumps(yesterday | {"date": "1999-12-31T00:00:00.000Z"}))
    assert submissions.counted_today("me") == 0


def test_the_leaderboard_keeps_each_user_s_best(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path, "a")
    for user, score in (("me", "0.5"), ("me", "0.3"), ("you", "0.4")):
        submissions.add(user, "s.csv", "", 10, evaluation(score, "", ""))
    submissions.add("them", "s.csv", "", 10, BAD)
    by_loss = [(line["teamName"], line["score"]) for line in leaderboard(submissions.all(), metric_of_kind("log_loss"))]
    assert by_loss == [("me", "0.3"), ("you", "0.4")]
    by_accuracy = [
        (line["teamName"], line["score"]) for line in leaderboard(submissions.all(), metric_of_kind("accuracy"))
    ]
    assert by_accuracy == [("me", "0.5"), ("you", "0.4")]
