"""Uploads a submission exactly once, despite a crash, a lost answer, a second run or a second machine.

The run's id is in the ledger before the upload, and in the submission's description, so that both can be searched.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from foldline.files.refusal import Refusal
from foldline.files.whole_files import locked
from foldline.kaggle.client import CallFailed, Kaggle, RemoteSubmission
from foldline.kaggle.connection import NOT_FOUND, SERVER_ERROR
from foldline.kaggle.ledger import Event, LedgerEntry, append_entry, entry, read_ledger

PATIENT_LOOKS = 4
"""After an upload with an unknown outcome: Kaggle may list a submission some seconds late, and the client process of a
killed run may be about to finish its call."""
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


@dataclass(frozen=True)
class Upload:
    """One upload: the file, the description that Kaggle lists with it, and the id of both."""

    competition: str
    path: Path
    run_id: str
    message: str

    def note(self, ledger: Path, event: Event, ref: int | None = None, public_score: str = "", note: str = "") -> None:
        """Append an entry with the current time to the ledger; hold its lock."""
        append_entry(ledger, entry(self.competition, self.run_id, event, ref, public_score, note))


def plan_upload(competition: str, path: Path, words: str, metric: str | None, score: float | None) -> Upload:
    """The upload of the csv `path`; `score` is its out-of-fold score."""
    run = run_id(competition, path)
    expected = "" if score is None else f" | out-of-fold {metric} {score:.5f}"
    return Upload(competition, path, run, f"{words}{expected} | run {run}")


def run_id(competition: str, path: Path) -> str:
    """Twelve hex digits: the same for the same competition, columns and rows, whatever the rows' order."""
    if not path.exists():
        raise Refusal(f"{path} does not exist. Run `dvc repro` first.")
    header, *rows = path.read_text(encoding="utf-8-sig").splitlines() or [""]
    content = "\n".join([competition, header, *sorted(row for row in rows if row)])
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def submit_once(kaggle: Kaggle, upload: Upload, ledger: Path) -> tuple[RemoteSubmission, bool]:
    """The submission as Kaggle has it, and whether it was uploaded by this call. Raises Refusal, CallFailed."""
    with locked(ledger.with_name(".ledger.lock")):
        past = _past(upload, ledger)
        known = _known(kaggle, upload, past)
        if known is not None:
            if _is_open(past):
                upload.note(ledger, "submitted", known.ref, note="found")
            return known, False
        _refuse_without_allowance(kaggle, upload.competition)
        upload.note(ledger, "intended")
        placed = _upload(kaggle, upload, ledger)
        upload.note(ledger, "submitted", placed.ref)
        return placed, True


def await_score(kaggle: Kaggle, placed: RemoteSubmission, wait_seconds: float) -> RemoteSubmission:
    """Poll until Kaggle has scored the submission, for at most `wait_seconds`; returns what was seen last."""
    seen, pause, deadline = placed, FIRST_PAUSE_SECONDS, time.monotonic() + wait_seconds
    while seen.status == "pending":
        try:
            seen = kaggle.submission(placed.ref)
        except CallFailed as failure:
            # A new submission may not be found at first.
            if failure.status != NOT_FOUND:
                raise
        if seen.status != "pending" or time.monotonic() + pause > deadline:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
    return seen


def record_outcome(seen: RemoteSubmission, upload: Upload, ledger: Path) -> None:
    """Record the score or the error in the ledger, once. Raises Refusal when it could not be scored."""
    if seen.status == "pending":
        return
    event = "scored" if seen.status == "complete" else "rejected"
    with locked(ledger.with_name(".ledger.lock")):
        past = _past(upload, ledger)
        if not any(line.event == event and line.ref == str(seen.ref) for line in past):
            upload.note(ledger, event, seen.ref, seen.public_score, seen.error)
    if event == "rejected":
        reason = seen.error or f"no reason given, see https://www.kaggle.com/competitions/{upload.competition}"
        raise Refusal(
            f"{upload.path}: Kaggle has the submission {seen.ref} but could not score it: {reason}. Correct what "
            "writes the csv; the same csv is not uploaded again."
        )


def _known(kaggle: Kaggle, upload: Upload, past: list[LedgerEntry]) -> RemoteSubmission | None:
    """The submission of this run if Kaggle has it already."""
    found = _look(kaggle, upload, PATIENT_LOOKS if _is_open(past) else 1)
    refs = [line.ref for line in past if line.ref]
    if found is not None or not refs:
        return found
    try:
        # Its description may have been edited on Kaggle's page.
        return kaggle.submission(int(refs[-1]))
    except CallFailed as failure:
        if failure.status != NOT_FOUND:
            raise
        return None


def _look(kaggle: Kaggle, upload: Upload, looks: int) -> RemoteSubmission | None:
    for look in range(looks):
        if look:
            time.sleep(FIRST_PAUSE_SECONDS * 2 ** (look - 1))
        for submission in kaggle.submissions(upload.competition):
            if upload.run_id in submission.description:
                return submission
    return None


def _past(upload: Upload, ledger: Path) -> list[LedgerEntry]:
    return [line for line in read_ledger(ledger) if line.run_id == upload.run_id]


def _is_open(past: list[LedgerEntry]) -> bool:
    """Whether an upload began whose outcome is unknown."""
    return bool(past) and past[-1].event == "intended"


def _upload(kaggle: Kaggle, upload: Upload, ledger: Path) -> RemoteSubmission:
    try:
        ref = kaggle.submit(upload.competition, upload.path, upload.message)
        return RemoteSubmission(ref, upload.message, "pending", "", "", "")
    except CallFailed as failure:
        is_refused = failure.kind in ("credentials", "upload") or (
            failure.kind == "http" and failure.status < SERVER_ERROR
        )
        # Unless Kaggle refused, the submission may have been counted although the answer was lost.
        found = None if is_refused else _look(kaggle, upload, PATIENT_LOOKS)
        if found is not None:
            return found
        if is_refused:
            upload.note(ledger, "failed", note=failure.message)
            raise
        raise Refusal(
            f"{upload.path}: the upload to {upload.competition} failed ({failure.message}), and Kaggle does not list "
            "it. Run the command again: it looks for the submission first, and uploads only if there is none."
        ) from None


def _refuse_without_allowance(kaggle: Kaggle, competition: str) -> None:
    limits = kaggle.limits(competition)
    is_new = limits.today == limits.total == 0
    if limits.allowed_now > 0 or is_new:
        return
    now = datetime.now(UTC)
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = int((midnight - now).total_seconds() // 60)
    raise Refusal(
        f"{competition}: no submission is left ({limits.today} made today, {limits.total} in all). The daily allowance "
        f"renews at 00:00 UTC, in {minutes // 60} h {minutes % 60} min; nothing was uploaded."
    )
