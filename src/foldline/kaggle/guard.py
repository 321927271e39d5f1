"""Uploads a submission at most once from this machine, whatever happens: does the protocol's actions for real."""

import hashlib
import shutil
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import ClassVar

from tqdm import tqdm

from foldline.files.refusal import Refusal, listed
from foldline.files.whole_files import locked, sha256
from foldline.kaggle.client import CallFailed, Kaggle, RemoteSubmission
from foldline.kaggle.connection import NOT_FOUND
from foldline.kaggle.decisions import Placed, Seen, is_damaged
from foldline.kaggle.journal import Journal, Line, Step
from foldline.kaggle.ledger import Event, LedgerEntry, append_entry, entry, expectation, read_ledger, run_id
from foldline.kaggle.protocol import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, at_most_once

EVENTS: Mapping[Step, Event] = {"intended": "intended", "refused": "failed", "done": "submitted"}
"""The ledger's word for each step of the journal that it has one for."""


@dataclass(frozen=True, kw_only=True)
class Upload(ABC):
    """One submission to be, and the description that Kaggle lists with it."""

    competition: str
    title: str
    """As messages call it."""
    message: str
    intent: Line
    """What the journal says of it first."""
    expected: str = ""
    """Its out-of-fold score, as the ledger notes it."""
    again: ClassVar[str]
    """The command that uploads it once more when a person has looked."""
    writer: ClassVar[str]
    """What to correct where Kaggle cannot score it."""

    @property
    def run_id(self) -> str:
        return self.intent.run_id

    @abstractmethod
    def send(self, kaggle: Kaggle, outgoing: Path) -> str:
        """What counts for nothing yet: a token. outgoing: a folder for what is not to change meanwhile. Raises
        CallFailed, Refusal."""

    @abstractmethod
    def create(self, kaggle: Kaggle, token: str) -> int:
        """The one call that counts: the submission's ref. Raises CallFailed."""


@dataclass(frozen=True, kw_only=True)
class CsvUpload(Upload):
    path: Path
    again: ClassVar[str] = "`foldline submit --force` uploads the csv once more"
    writer: ClassVar[str] = "Correct what writes the csv; the same csv is not uploaded again."

    def send(self, kaggle: Kaggle, outgoing: Path) -> str:
        self._refuse_changed(self.path)
        copy = outgoing / self.path.name
        outgoing.mkdir(mode=0o700, exist_ok=True)
        try:
            shutil.copyfile(self.path, copy)
            self._refuse_changed(copy)
            token = kaggle.upload(self.competition, copy)
            self._refuse_changed(copy)
        finally:
            copy.unlink(missing_ok=True)
        self._refuse_changed(self.path)
        return token

    def create(self, kaggle: Kaggle, token: str) -> int:
        return kaggle.create(self.competition, token, self.message)

    def _refuse_changed(self, path: Path) -> None:
        if not path.exists() or sha256(path) != self.intent.sha256:
            raise Refusal(
                f"{self.path} changed while it was being uploaded; no submission was spent. Wait for what "
                "writes it, and run it again."
            )


def plan_upload(competition: str, path: Path, words: str, metric: str | None, score: float | None) -> CsvUpload:
    """The upload of the csv `path`; `score` is its out-of-fold score."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(f"{path} cannot be read ({error.strerror}). Run `dvc repro` first.") from None
    run = run_id(competition, content)
    intent = Line("intended", run, sha256=hashlib.sha256(content).hexdigest(), bytes=len(content))
    described, noted = described_by(run, words, metric, score)
    return CsvUpload(
        competition=competition, title=str(path), path=path, message=described, intent=intent, expected=noted
    )


def described_by(run: str, words: str, metric: str | None, score: float | None) -> tuple[str, str]:
    """The description that Kaggle lists, and what the ledger notes."""
    if metric is None or score is None:
        return f"{run} | {words}", ""
    # The id first: Kaggle may cut a description short.
    return f"{run} | {words} | out-of-fold {metric} {score:.5f}", expectation(metric, score)


def submit_once(kaggle: Kaggle, upload: Upload, journal: Journal, ledger: Path, is_forced: bool = False) -> Placed:
    """The submission as Kaggle has it. is_forced: a person has looked. Raises Refusal, CallFailed."""
    known = journal.lines()
    with journal.locked():
        past = journal.lines()
        is_known = journal.is_complete or any(line.run_id == upload.run_id for line in past)
        told = [] if is_known else _lines_of(read_ledger(ledger), upload)
        forced = [*known, *told] if is_forced else []
        placed = at_most_once(_Real(kaggle, upload, journal, ledger), upload.intent, [*past, *told], forced)
        _note(ledger, upload, "submitted", placed.submission.ref, note="found")
    if placed.others:
        tqdm.write(
            f"Kaggle has this csv more than once: {listed([placed.submission.ref, *placed.others])}. Another machine "
            "uploaded it, too; each counts.",
            file=sys.stderr,
        )
    return placed


def _lines_of(entries: list[LedgerEntry], upload: Upload) -> list[Line]:
    """What the ledger knows of uploads from other machines, or of lost journals: each may have counted."""
    mine = [one for one in entries if (one.competition, one.run_id) == (upload.competition, upload.run_id)]
    return [
        Line("creating", upload.run_id, int(one.ref) if one.ref.isdecimal() else 0, _seconds(one.time))
        for number, one in enumerate(mine)
        if one.ref or (one.event == "intended" and number == len(mine) - 1)
    ]


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return 0.0


@dataclass(frozen=True)
class _Real:
    """The protocol's world: Kaggle, the disk, the clock."""

    kaggle: Kaggle
    upload: Upload
    journal: Journal
    ledger: Path

    def look(self) -> Seen:
        submissions = self.kaggle.submissions(self.upload.competition)
        try:
            limits = self.kaggle.limits(self.upload.competition)
        except CallFailed:
            limits = None
        return Seen(time.time(), submissions, limits)

    def pause(self, seconds: float) -> None:
        tqdm.write(f"looking for the submission in Kaggle's list again in {seconds:g} seconds", file=sys.stderr)
        time.sleep(seconds)

    def write(self, line: Line) -> Line:
        timed = replace(line, time=time.time())
        self.journal.append(timed)
        if line.step in EVENTS:
            _note(self.ledger, self.upload, EVENTS[line.step], line.ref or None, note=line.note)
        return timed

    def send(self) -> str:
        return self.upload.send(self.kaggle, self.journal.folder / "outgoing")

    def create(self, token: str) -> int:
        return self.upload.create(self.kaggle, token)


def await_score(
    kaggle: Kaggle, upload: Upload, placed: Placed, journal: Journal, wait_seconds: float
) -> RemoteSubmission:
    """Poll until Kaggle has scored the submission, for at most `wait_seconds`; returns what was seen last.

    How late Kaggle lists it goes into the journal.
    """
    seen, pause, began = placed.submission, FIRST_PAUSE_SECONDS, time.monotonic()
    late = 0.0
    while seen.status == "pending":
        try:
            found = [one for one in kaggle.submissions(upload.competition) if one.ref == seen.ref]
            late = late if found else time.monotonic() - began
            seen = found[0] if found else kaggle.submission(seen.ref)
        except CallFailed as failure:
            # A new submission may not be found at first.
            if failure.status != NOT_FOUND:
                tqdm.write(
                    f"Kaggle has the submission {seen.ref}; its score cannot be read now: {failure}", file=sys.stderr
                )
                break
        if seen.status != "pending" or time.monotonic() + pause > began + wait_seconds:
            break
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE_SECONDS)
    if placed.is_new and late:
        with journal.locked():
            journal.append(Line("listed", upload.run_id, seen.ref, time.time(), seconds=late))
    return seen


def record_outcome(seen: RemoteSubmission, upload: Upload, placed: Placed, ledger: Path) -> None:
    """Record the score or the error in the ledger, once. Raises Refusal when it was damaged or could not be scored."""
    if is_damaged(seen, placed.sent_bytes):
        raise Refusal(
            f"{upload.title}: Kaggle has the submission {seen.ref} with {seen.bytes:,} bytes, of the "
            f"{placed.sent_bytes:,} that were sent: it was damaged on its way. It counts all the same. "
            f"{upload.again}."
        )
    if seen.status == "pending":
        return
    event: Event = "scored" if seen.status == "complete" else "rejected"
    _note(ledger, upload, event, seen.ref, seen.public_score, seen.error)
    if event == "rejected":
        reason = seen.error or f"no reason given, see https://www.kaggle.com/competitions/{upload.competition}"
        raise Refusal(
            f"{upload.title}: Kaggle has the submission {seen.ref} but could not score it: {reason}. {upload.writer}"
        )


def _note(ledger: Path, upload: Upload, event: Event, ref: int | None, public_score: str = "", note: str = "") -> None:
    """Append an entry with the current time to the ledger, unless it has it: of each ref one per event and score."""
    new = entry(upload.competition, upload.run_id, event, ref, public_score, note or upload.expected)
    with locked(ledger.with_name(".ledger.lock")):
        past = [replace(line, time=new.time, note=new.note) for line in read_ledger(ledger)]
        if ref is None or new not in past:
            append_entry(ledger, new)
