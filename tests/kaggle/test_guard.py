import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle import guard
from foldline.kaggle.client import Kaggle
from foldline.kaggle.guard import Upload, await_score, plan_upload, record_outcome, run_id, submit_once
from foldline.kaggle.ledger import append_entry, entry, read_ledger
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SLUG


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard, "FIRST_PAUSE_SECONDS", 0.01)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.csv"


@pytest.fixture
def intent(good: Path) -> Upload:
    return plan_upload(SLUG, good, "words", "log_loss", 0.25)


def events(ledger: Path) -> list[str]:
    return [line.event for line in read_ledger(ledger)]


def test_the_run_s_id_is_that_of_the_rows_in_any_order(tmp_path: Path) -> None:
    def of(text: str, competition: str = SLUG) -> str:
        (tmp_path / "s.csv").write_bytes(text.encode())
        return run_id(competition, tmp_path / "s.csv")

    assert of("id,a\n1,x\n2,y\n") == of("id,a\r\n2,y\r\n1,x")
    others = [of("id,a\n1,y\n2,x\n"), of("id,b\n1,x\n2,y\n"), of("id,a\n1,x\n2,y\n", "another")]
    assert len({of("id,a\n1,x\n2,y\n"), *others}) == 4
    with pytest.raises(Refusal, match=r"none.csv does not exist. Run `dvc repro` first"):
        run_id(SLUG, tmp_path / "none.csv")


def test_the_description_says_what_to_expect(good: Path) -> None:
    run = run_id(SLUG, good)
    assert (
        plan_upload(SLUG, good, "words", "log_loss", 0.25).message
        == f"words | out-of-fold log_loss 0.25000 | run {run}"
    )
    assert plan_upload(SLUG, good, "words", None, None).message == f"words | run {run}"


def test_uploaded_once_and_then_read_back(server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path) -> None:
    first, is_new = submit_once(kaggle, intent, ledger)
    assert is_new
    seen = await_score(kaggle, first, 5.0)
    record_outcome(seen, intent, ledger)
    assert (seen.status, seen.public_score, seen.description) == ("complete", GOOD_SCORE, intent.message)
    assert events(ledger) == ["intended", "submitted", "scored"]

    again, is_new = submit_once(kaggle, intent, ledger)
    record_outcome(again, intent, ledger)
    assert not is_new
    assert again == seen
    ledger.unlink()
    # Another machine: only Kaggle knows.
    assert submit_once(kaggle, intent, ledger) == (seen, False)
    assert len(server.competitions[SLUG].submissions.all()) == 1


def test_found_by_its_ref_when_the_description_was_edited(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path
) -> None:
    ref = submit_once(kaggle, intent, ledger)[0].ref
    path = server.competitions[SLUG].submissions.folder / f"{ref}.json"
    path.write_text(path.read_text().replace(intent.run_id, "my best"))
    assert submit_once(kaggle, intent, ledger)[0].ref == ref
    assert len(server.competitions[SLUG].submissions.all()) == 1


def test_a_lost_answer_is_looked_for(server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path) -> None:
    kaggle.limits(SLUG)
    server.faults.lost_reply_seconds, kaggle.upload_seconds = 30.0, 1.0
    placed, _ = submit_once(kaggle, intent, ledger)
    kaggle.upload_seconds = 60.0
    assert [submission.ref for submission in server.competitions[SLUG].submissions.all()] == [placed.ref]
    assert events(ledger) == ["intended", "submitted"]


KILLED = """
import sys
from pathlib import Path
from foldline.kaggle.guard import plan_upload, submit_once
from tests.kaggle.rehearsal import SLUG
from foldline.kaggle.client import Kaggle
from foldline.kaggle.connection import local_environment
port, home, path, ledger = sys.argv[1:]
with Kaggle(local_environment({}, int(port), Path(home))) as kaggle:
    submit_once(kaggle, plan_upload(SLUG, Path(path), "words", "log_loss", 0.25), Path(ledger))
"""


def test_killed_after_the_upload_counted(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path, tmp_path: Path
) -> None:
    server.faults.lost_reply_seconds = 30.0
    words = [str(server.port), str(tmp_path / "home"), str(intent.path), str(ledger)]
    child = subprocess.Popen([sys.executable, "-c", KILLED, *words], stderr=subprocess.DEVNULL)
    while not server.competitions[SLUG].submissions.all():
        assert child.poll() is None
        time.sleep(0.05)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert events(ledger) == ["intended"]

    server.faults.lost_reply_seconds = 0.0
    placed, is_new = submit_once(kaggle, intent, ledger)
    assert not is_new
    assert [submission.ref for submission in server.competitions[SLUG].submissions.all()] == [placed.ref]
    assert events(ledger) == ["intended", "submitted"]


def test_killed_before_the_upload(server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path) -> None:
    append_entry(ledger, entry(SLUG, intent.run_id, "intended"))
    assert submit_once(kaggle, intent, ledger)[1]
    assert events(ledger) == ["intended", "intended", "submitted"]
    assert len(server.competitions[SLUG].submissions.all()) == 1


def test_a_score_that_takes_its_time(server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path) -> None:
    placed, _ = submit_once(kaggle, intent, ledger)
    server.faults.pending_looks = 2
    assert await_score(kaggle, placed, 10.0).public_score == GOOD_SCORE
    server.faults.pending_looks = 1000
    pending = await_score(kaggle, placed, 0.05)
    assert pending.status == "pending"
    record_outcome(pending, intent, ledger)
    assert events(ledger) == ["intended", "submitted"]


def test_none_left_today(server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path) -> None:
    server.faults.no_submissions_left = True
    with pytest.raises(Refusal, match=r"no submission is left \(5 made today.*renews at 00:00 UTC, in \d+ h \d+ min"):
        submit_once(kaggle, intent, ledger)
    assert events(ledger) == []


def test_a_failed_upload_is_written_down_and_can_be_repeated(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, ledger: Path
) -> None:
    server.faults.failed_upload = True
    with pytest.raises(guard.CallFailed, match="Could not submit"):
        submit_once(kaggle, intent, ledger)
    assert events(ledger) == ["intended", "failed"]
    server.faults.failed_upload = False
    assert submit_once(kaggle, intent, ledger)[1]


def test_what_kaggle_cannot_score_is_not_uploaded_again(
    server: FaultyKaggle, kaggle: Kaggle, good: Path, ledger: Path
) -> None:
    good.write_text(GOOD.replace("0.8", "0.9"))
    bad = plan_upload(SLUG, good, "words", None, None)
    placed, _ = submit_once(kaggle, bad, ledger)
    with pytest.raises(Refusal, match="could not score it: Evaluation error: each row must sum to 1"):
        record_outcome(await_score(kaggle, placed, 5.0), bad, ledger)
    with pytest.raises(Refusal, match="the same csv is not uploaded again"):
        record_outcome(submit_once(kaggle, bad, ledger)[0], bad, ledger)
    assert events(ledger) == ["intended", "submitted", "rejected"]
    assert len(server.competitions[SLUG].submissions.all()) == 1
