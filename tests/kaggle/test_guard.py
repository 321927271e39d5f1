"""One upload for each csv: with the real client, against a Kaggle that loses answers and lists late."""

import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle import decisions, guard, protocol
from foldline.kaggle.client import CallFailed, Kaggle
from foldline.kaggle.decisions import Placed
from foldline.kaggle.guard import Upload, await_score, plan_upload, record_outcome, submit_once
from foldline.kaggle.journal import Journal
from foldline.kaggle.ledger import append_entry, entry, read_ledger, run_id
from foldline.kaggle.uploads import read_uploads
from tests.kaggle.clones import start
from tests.kaggle.faults import FaultyKaggle
from tests.kaggle.rehearsal import GOOD, GOOD_SCORE, SLUG

UNKNOWN = "the outcome of the upload of .* is unknown"


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (protocol, guard):
        monkeypatch.setattr(module, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(decisions, "PATIENCE_SECONDS", 0.05)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger.csv"


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


@pytest.fixture
def intent(good: Path) -> Upload:
    return plan_upload(SLUG, good, "words", "log_loss", 0.25)


def events(ledger: Path) -> list[str]:
    return [line.event for line in read_ledger(ledger)]


def steps(journal: Journal) -> list[str]:
    return [line.step for line in journal.lines()]


def made(server: FaultyKaggle) -> list[int]:
    return [submission.ref for submission in server.submissions()]


def test_the_run_s_id_is_that_of_the_rows_in_any_order() -> None:
    def of(text: str, competition: str = SLUG) -> str:
        return run_id(competition, text.encode())

    assert of("id,a\n1,x\n2,y\n") == of("id,a\r\n2,y\r\n1,x")
    others = [of("id,a\n1,y\n2,x\n"), of("id,b\n1,x\n2,y\n"), of("id,a\n1,x\n2,y\n", "another")]
    assert len({of("id,a\n1,x\n2,y\n"), *others}) == 4


def test_no_csv(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"none.csv cannot be read \(No such file or directory\). Run `dvc repro` first"):
        plan_upload(SLUG, tmp_path / "none.csv", "words", None, None)


def test_the_description_begins_with_the_run_and_says_what_to_expect(good: Path) -> None:
    upload = plan_upload(SLUG, good, "words", "log_loss", 0.25)
    assert upload.message == f"{upload.run_id} | words | out-of-fold log_loss 0.25000"
    assert plan_upload(SLUG, good, "words", None, None).message == f"{upload.run_id} | words"


def test_uploaded_once_and_then_read_back(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path, tmp_path: Path
) -> None:
    first = submit_once(kaggle, intent, journal, ledger)
    assert first.is_new
    seen = await_score(kaggle, intent, first, journal, 5.0)
    record_outcome(seen, intent, first, ledger)
    assert (seen.status, seen.public_score, seen.description) == ("complete", GOOD_SCORE, intent.message)
    assert events(ledger) == ["intended", "submitted", "scored"]
    assert steps(journal) == ["intended", "creating", "done"]

    again = submit_once(kaggle, intent, journal, ledger)
    record_outcome(again.submission, intent, again, ledger)
    assert again == Placed(seen, False, len(GOOD))
    # Another machine: only Kaggle knows.
    elsewhere = Journal(tmp_path / "elsewhere")
    assert submit_once(kaggle, intent, elsewhere, tmp_path / "other.csv") == Placed(seen, False)
    assert len(made(server)) == 1
    assert steps(elsewhere) == ["done"]


def test_another_clone_s_ledger_learns_of_it(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path, tmp_path: Path
) -> None:
    ref = submit_once(kaggle, intent, journal, ledger).submission.ref
    server.faults.hidden_submissions = 1
    other = tmp_path / "other.csv"
    assert submit_once(kaggle, intent, journal, other).submission.ref == ref
    assert [(line.event, line.ref, line.note) for line in read_ledger(other)] == [("submitted", str(ref), "found")]
    assert len(made(server)) == 1


def test_found_by_its_ref_when_the_description_was_edited(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    ref = submit_once(kaggle, intent, journal, ledger).submission.ref
    server.faults.change_listed = lambda shown: shown | {"description": "my best"}
    assert submit_once(kaggle, intent, journal, ledger).submission.ref == ref
    assert len(made(server)) == 1


def test_a_lost_answer_is_looked_for(
    server: FaultyKaggle,
    kaggle: Kaggle,
    intent: Upload,
    journal: Journal,
    ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kaggle, "create_seconds", 1.0)
    server.faults.lost_reply_seconds = 30.0
    placed = submit_once(kaggle, intent, journal, ledger)
    assert (placed.is_new, made(server)) == (True, [placed.submission.ref])
    assert events(ledger) == ["intended", "submitted"]


ANSWERS: list[tuple[int, dict[str, Any]]] = [
    (200, {"message": "Successfully submitted"}),
    (200, {"code": 503, "message": "later"}),
    (408, {"code": 408, "message": "timed out"}),
    (429, {"code": 429, "message": "slow down"}),
    (409, {"code": 409, "message": "conflict"}),
    (503, {"code": 503, "message": "later"}),
]


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_what_is_no_clear_refusal_may_have_counted(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path, answer: tuple[int, Any]
) -> None:
    """Kaggle lists it late: it is not uploaded again, and found when it is listed."""
    server.faults.answer_to_create, server.faults.hidden_submissions = answer, 1
    for _ in range(2):
        with pytest.raises(Refusal, match=f"{UNKNOWN}.*begins with {intent.run_id}.*`foldline submit --force`"):
            submit_once(kaggle, intent, journal, ledger)
    assert events(ledger) == ["intended"]
    server.faults.hidden_submissions = 0
    assert [submit_once(kaggle, intent, journal, ledger).submission.ref] == made(server)
    assert (server.creates, events(ledger)) == (1, ["intended", "submitted"])


def test_a_clear_refusal_has_not_counted(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.is_create_counted = False
    server.faults.answer_to_create = (400, {"code": 400, "message": "Submissions have ended"})
    with pytest.raises(CallFailed, match="Submissions have ended"):
        submit_once(kaggle, intent, journal, ledger)
    assert events(ledger) == ["intended", "failed"]
    server.faults.is_create_counted, server.faults.answer_to_create = True, None
    assert submit_once(kaggle, intent, journal, ledger).is_new


def test_a_page_as_kaggle_s_reason_leaves_a_ledger_that_can_be_read(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.is_create_counted = False
    server.faults.answer_to_create = (400, {"code": 400, "message": "half \ud800" + 300_000 * "m"})
    for tries in (1, 2):
        with pytest.raises(CallFailed, match=r"half \?m+…$"):
            submit_once(kaggle, intent, journal, ledger)
        assert events(ledger) == ["intended", "failed"] * tries


def test_two_witnesses_end_a_doubt(
    server: FaultyKaggle, kaggle: Kaggle, good: Path, intent: Upload, journal: Journal, ledger: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Neither Kaggle's list nor its counts have it, long after: then it is uploaded."""
    good.write_text(GOOD.replace("row0", "row0 "))
    with pytest.raises(Refusal):
        record_outcome(*_scored(kaggle, plan_upload(SLUG, good, "first", None, None), journal, ledger))
    good.write_text(GOOD)
    server.faults.is_create_counted = False
    with pytest.raises(Refusal, match="both may be late"):
        submit_once(kaggle, intent, journal, ledger)
    server.faults.is_create_counted = True
    with pytest.raises(Refusal, match="both may be late"):
        submit_once(kaggle, intent, journal, ledger)
    monkeypatch.setattr(decisions, "SETTLED_SECONDS", 0.0)
    monkeypatch.setattr(decisions, "longest_lag", lambda past: 0.0)
    assert submit_once(kaggle, intent, journal, ledger).is_new
    assert steps(journal)[-5:] == ["creating", "dismissed", "intended", "creating", "done"]


def _scored(kaggle: Kaggle, upload: Upload, journal: Journal, ledger: Path) -> tuple[Any, Upload, Placed, Path]:
    placed = submit_once(kaggle, upload, journal, ledger)
    return await_score(kaggle, upload, placed, journal, 5.0), upload, placed, ledger


def test_a_person_ends_a_doubt(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.is_create_counted = False
    with pytest.raises(Refusal, match=UNKNOWN):
        submit_once(kaggle, intent, journal, ledger)
    server.faults.is_create_counted = True
    assert submit_once(kaggle, intent, journal, ledger, is_forced=True).is_new
    # Forced once more, where there is no doubt.
    server.faults.hidden_submissions = 1
    assert not submit_once(kaggle, intent, journal, ledger, is_forced=True).is_new
    assert len(made(server)) == 1


def test_a_person_ends_a_doubt_of_a_time_that_is_still_to_come(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    """The clock was set back since then."""
    attempt = replace(intent.intent, step="creating", time=time.time() + 3600)
    with journal.locked():
        journal.append(attempt)
    with pytest.raises(Refusal, match=UNKNOWN):
        submit_once(kaggle, intent, journal, ledger)
    assert submit_once(kaggle, intent, journal, ledger, is_forced=True).is_new


def test_killed_after_the_upload_counted(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.lost_reply_seconds = 30.0
    child = start(server, intent, journal, ledger)
    while not server.creates:
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert steps(journal) == ["intended", "creating"]

    server.faults.lost_reply_seconds = 0.0
    placed = submit_once(kaggle, intent, journal, ledger)
    assert not placed.is_new
    assert made(server) == [placed.submission.ref]
    assert events(ledger) == ["intended", "submitted"]


def test_killed_while_it_sends_and_its_client_dies_with_it(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    """The file is on its way or there: nothing has counted, and nobody is left to go on."""
    server.faults.held = "after PUT"
    child = start(server, intent, journal, ledger)
    while not server.sends:
        assert child.poll() is None
        time.sleep(0.02)
    child.send_signal(signal.SIGKILL)
    # Its standard error is the client's, too: it ends when both are gone.
    child.communicate()
    assert steps(journal) == ["intended"]
    server.faults.held = ""
    assert submit_once(kaggle, intent, journal, ledger).is_new
    assert len(made(server)) == 1


def test_several_clones_at_once(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, tmp_path: Path
) -> None:
    """The list is late, as well."""
    server.faults.hidden_submissions = 9
    clones = [start(server, intent, journal, tmp_path / f"clone{number}" / "ledger.csv") for number in range(2)]
    assert [clone.communicate()[1] for clone in clones if clone.wait()] == []
    assert len(made(server)) == 1


def test_a_csv_that_changes_while_it_is_sent(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    intent.path.rename(intent.path.with_name("moved.csv"))
    with pytest.raises(Refusal, match="changed while it was being uploaded; no submission was spent"):
        submit_once(kaggle, intent, journal, ledger)
    intent.path.write_text(GOOD + "more")
    with pytest.raises(Refusal, match="changed while it was being uploaded; no submission was spent"):
        submit_once(kaggle, intent, journal, ledger)
    assert (server.sends, made(server), events(ledger)) == (0, [], ["intended", "failed"] * 2)

    upload = plan_upload(SLUG, intent.path, "words", None, None)
    send = kaggle.upload

    def meanwhile(competition: str, path: Path) -> str:
        upload.path.write_text(GOOD)
        return send(competition, path)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(kaggle, "upload", meanwhile)
        with pytest.raises(Refusal, match="changed while it was being uploaded"):
            submit_once(kaggle, upload, journal, ledger)
    assert (server.sends, made(server)) == (1, [])
    assert not list((journal.folder / "outgoing").iterdir())


def test_a_file_that_arrives_in_part_is_said(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.lost_bytes = 30
    arrived = len(GOOD) - 30
    damaged = f"with {arrived} bytes, of the {len(GOOD)} that were sent: it was damaged.*`foldline submit --force`"
    for _ in range(2):
        with pytest.raises(Refusal, match=damaged):
            record_outcome(*_scored(kaggle, intent, journal, ledger))
    assert len(made(server)) == 1

    server.faults.lost_bytes = 0
    second = submit_once(kaggle, intent, journal, ledger, is_forced=True)
    assert (second.is_new, len(made(server))) == (True, 2)
    server.faults.hidden_submissions = 1
    again = submit_once(kaggle, intent, journal, ledger, is_forced=True)
    assert (again.is_new, again.submission.ref) == (False, second.submission.ref)
    server.faults.hidden_submissions = 0
    record_outcome(*_scored(kaggle, intent, journal, ledger))


def test_a_lost_journal_leaves_the_ledger(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    append_entry(ledger, entry(SLUG, intent.run_id, "intended"))
    with pytest.raises(Refusal, match=f"{UNKNOWN}.*how many it had counted before is not known"):
        submit_once(kaggle, intent, journal, ledger)
    append_entry(ledger, entry(SLUG, intent.run_id, "submitted", 7))
    with pytest.raises(Refusal, match=UNKNOWN):
        submit_once(kaggle, intent, journal, ledger)
    # The local Kaggle's memory was lost with its journal: nothing counted that it does not know.
    assert submit_once(kaggle, intent, Journal(journal.folder, is_complete=True), ledger).is_new


def test_two_machines_at_once_are_found_and_said(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    server.faults.hidden_submissions = 1
    submit_once(kaggle, intent, Journal(tmp_path / "elsewhere"), tmp_path / "other.csv")
    first = submit_once(kaggle, intent, journal, ledger)
    server.faults.hidden_submissions = 0
    capsys.readouterr()
    again = submit_once(kaggle, intent, journal, ledger)
    assert again.submission.ref == first.submission.ref
    assert len(again.others) == 1
    assert "Kaggle has this csv more than once" in capsys.readouterr().err


def test_a_score_that_comes_late_or_anew_is_in_the_ledger(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    for score in ("", "", GOOD_SCORE, GOOD_SCORE, "0.1"):
        server.faults.change_listed = lambda shown, score=score: shown | {"publicScore": score}
        record_outcome(*_scored(kaggle, intent, journal, ledger))
    scored = [line.public_score for line in read_ledger(ledger) if line.event == "scored"]
    assert scored == ["", GOOD_SCORE, "0.1"]
    assert [one.public_score for one in read_uploads(ledger, SLUG)] == [0.1]


def test_how_late_it_is_listed_is_remembered(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.hidden_submissions = 1
    placed = submit_once(kaggle, intent, journal, ledger)
    assert await_score(kaggle, intent, placed, journal, 0.1).status == "pending"
    last = journal.lines()[-1]
    assert (last.step, last.seconds > 0) == ("listed", True)


def test_a_status_that_nobody_knows_blocks_nothing(
    server: FaultyKaggle, kaggle: Kaggle, good: Path, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.change_listed = lambda shown: shown | {"status": "RESCORING", "date": 7, "totalBytes": None}
    placed = submit_once(kaggle, intent, journal, ledger)
    seen = await_score(kaggle, intent, placed, journal, 0.05)
    assert (seen.status, seen.words) == ("pending", "RESCORING")
    good.write_text(GOOD.replace("0.8", "0.7").replace("0.2", "0.3"))
    assert submit_once(kaggle, plan_upload(SLUG, good, "other", None, None), journal, ledger).is_new


def test_a_score_that_takes_its_time(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    placed = submit_once(kaggle, intent, journal, ledger)
    server.faults.pending_looks = 2
    assert await_score(kaggle, intent, placed, journal, 10.0).public_score == GOOD_SCORE
    server.faults.pending_looks = 1000
    pending = await_score(kaggle, intent, placed, journal, 0.05)
    assert pending.status == "pending"
    record_outcome(pending, intent, placed, ledger)
    assert events(ledger) == ["intended", "submitted"]


def test_a_score_that_cannot_be_read_is_no_failed_submission(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    placed = submit_once(kaggle, intent, journal, ledger)
    server.faults.wrong_token = True
    assert await_score(kaggle, intent, placed, journal, 10.0).status == "pending"
    assert f"Kaggle has the submission {placed.submission.ref}; its score cannot be read" in capsys.readouterr().err


def test_none_left_today(server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path) -> None:
    server.faults.no_submissions_left = True
    with pytest.raises(Refusal, match=r"no submission is left \(5 made today.*renews at 00:00 UTC, in \d+ h \d+ min"):
        submit_once(kaggle, intent, journal, ledger)
    assert events(ledger) == []


def test_counts_that_kaggle_does_not_give_block_nothing(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.no_limits = True
    assert submit_once(kaggle, intent, journal, ledger).is_new


def test_a_file_that_did_not_arrive_is_written_down_and_can_be_sent_again(
    server: FaultyKaggle, kaggle: Kaggle, intent: Upload, journal: Journal, ledger: Path
) -> None:
    server.faults.failed_upload = True
    with pytest.raises(guard.CallFailed, match="did not arrive"):
        submit_once(kaggle, intent, journal, ledger)
    assert events(ledger) == ["intended", "failed"]
    server.faults.failed_upload = False
    assert submit_once(kaggle, intent, journal, ledger).is_new


def test_what_kaggle_cannot_score_is_not_uploaded_again(
    server: FaultyKaggle, kaggle: Kaggle, good: Path, journal: Journal, ledger: Path
) -> None:
    good.write_text(GOOD.replace("0.8", "0.9"))
    bad = plan_upload(SLUG, good, "words", None, None)
    with pytest.raises(Refusal, match="could not score it: Evaluation error: each row must sum to 1"):
        record_outcome(*_scored(kaggle, bad, journal, ledger))
    with pytest.raises(Refusal, match="the same csv is not uploaded again"):
        record_outcome(*_scored(kaggle, bad, journal, ledger))
    assert events(ledger) == ["intended", "submitted", "rejected"]
    assert len(made(server)) == 1
