from pathlib import Path

from foldline.local_kaggle.judge import Verdict
from foldline.local_kaggle.submissions import Submissions, standings
from tests.metrics.of_kind import metric_of_kind

BAD = Verdict("", "", "Columns do not match")


def test_they_outlast_the_server_newest_first(tmp_path: Path) -> None:
    first = Submissions(tmp_path, "a").add("me", "one.csv", "1", 10, Verdict("0.5", "0.4", ""))
    second = Submissions(tmp_path, "a").add("me", "two.csv", "2", 10, BAD)
    other = Submissions(tmp_path, "b").add("me", "three.csv", "3", 10, BAD)
    assert first.ref < second.ref < other.ref
    assert [found.file_name for found in Submissions(tmp_path, "a").all()] == ["two.csv", "one.csv"]
    assert (second.status, second.error) == ("ERROR", "Columns do not match")


def test_what_counts_today(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path, "a")
    first = submissions.add("me", "one.csv", "", 10, Verdict("0.5", "0.4", ""))
    submissions.add("me", "two.csv", "", 10, BAD)
    submissions.add("you", "three.csv", "", 10, Verdict("0.5", "0.4", ""))
    path = submissions.folder / f"{first.ref}.json"
    assert submissions.counted_today("me") == 1
    path.write_text(path.read_text().replace('"date": "2', '"date": "1'))
    assert submissions.counted_today("me") == 0


def test_the_leaderboard_keeps_each_user_s_best(tmp_path: Path) -> None:
    submissions = Submissions(tmp_path, "a")
    for user, score in (("me", "0.5"), ("me", "0.3"), ("you", "0.4")):
        submissions.add(user, "s.csv", "", 10, Verdict(score, "", ""))
    submissions.add("them", "s.csv", "", 10, BAD)
    by_loss = [(line["teamName"], line["score"]) for line in standings(submissions.all(), metric_of_kind("log_loss"))]
    assert by_loss == [("me", "0.3"), ("you", "0.4")]
    by_accuracy = [
        (line["teamName"], line["score"]) for line in standings(submissions.all(), metric_of_kind("accuracy"))
    ]
    assert by_accuracy == [("me", "0.5"), ("you", "0.4")]
