"""What is written about uploads: the section that asks for one, the ledger of all of them, the receipt of the last."""

import csv
import hashlib
import io
import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from pydantic import NonNegativeFloat

from foldline.files.reading import reading
from foldline.files.refusal import Refusal, listed, shortened
from foldline.files.whole_files import append, write_json
from foldline.params.section import Section


class Submit(Section):
    message: str
    """The description that Kaggle lists; the out-of-fold score and the run's id are added to it."""
    wait_seconds: NonNegativeFloat
    """How long to wait for the score."""


Event = Literal["intended", "submitted", "failed", "scored", "rejected"]
"""intended: an upload begins. submitted: Kaggle has it. failed: Kaggle does not have it. scored: its score is known.
rejected: Kaggle has it and cannot score it."""


@dataclass(frozen=True)
class LedgerEntry:
    time: str
    """UTC."""
    competition: str
    run_id: str
    event: Event
    ref: str
    """Kaggle's number of the submission; empty before it has one."""
    public_score: str
    note: str
    """What was expected of it, or what went wrong."""


EXPECTED = re.compile(r"out-of-fold (?P<metric>\S+) (?P<score>-?[0-9]+[.][0-9]+)")
RESTORE = "Restore the file from a backup: it tells what was uploaded, from this machine and others."
COLUMNS = tuple(field.name for field in fields(LedgerEntry))


def entry(
    competition: str, run_id: str, event: Event, ref: int | None = None, public_score: str = "", note: str = ""
) -> LedgerEntry:
    """An entry with the current time."""
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return LedgerEntry(time, competition, run_id, event, "" if ref is None else str(ref), public_score, note)


def to_the_minute(time: str) -> str:
    """An entry's time as people read it: `2026-11-30 12:00`."""
    return time[: len("2026-11-30T12:00")].replace("T", " ")


def append_entry(path: Path, new: LedgerEntry) -> None:
    """On disk when this returns. Hold a lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    past = path.read_bytes() if path.exists() else b""
    text = io.StringIO()
    text.write("\n" if past and not past.endswith(b"\n") else "")  # ends a torn line
    cells = [" ".join(cell.splitlines()) for cell in astuple(new)]  # a line of the file is an entry
    csv.writer(text, lineterminator="\n").writerows([cells] if past else [COLUMNS, cells])
    append(path, text.getvalue().encode())


def read_ledger(path: Path) -> list[LedgerEntry]:
    """All entries; none without a file. A line that a crash cut short does not count; one that is longer was edited."""
    if not path.exists():
        return []
    with reading(path, "a table in UTF-8", RESTORE):
        # One by one: a quote that a torn line did not close would swallow all later ones.
        texts = [line.decode() for line in path.read_bytes().splitlines()]
        header, *lines = [fields for text in texts for fields in csv.reader([text])] or [[]]
    if tuple(header) != COLUMNS:
        raise Refusal(f"{path}: the columns are {listed(header, 10, 30)}, expected {listed(COLUMNS)}. {RESTORE}")
    longer = next((",".join(line) for line in lines if len(line) > len(COLUMNS)), None)
    if longer is not None:
        raise Refusal(
            f"{path}: more fields than the {len(COLUMNS)} columns: {shortened(longer)}. Quote a field with commas."
        )
    whole = [line for line in lines if len(line) == len(COLUMNS)]
    unknown = {line[COLUMNS.index("event")] for line in whole}.difference(get_args(Event))
    if unknown:
        raise Refusal(f"{path}: the events {listed(unknown)} are none of {listed(get_args(Event))}. {RESTORE}")
    return [LedgerEntry(*line) for line in whole]  # type: ignore[arg-type]


def latest(entries: Iterable[LedgerEntry]) -> list[tuple[LedgerEntry, LedgerEntry]]:
    """Of each upload the first and the last entry, in the order of the first ones."""
    first: dict[tuple[str, str], LedgerEntry] = {}
    last: dict[tuple[str, str], LedgerEntry] = {}
    for entry in entries:
        first.setdefault((entry.competition, entry.run_id), entry)
        last[entry.competition, entry.run_id] = entry
    return [(first[upload], last[upload]) for upload in first]


def run_id(competition: str, content: bytes) -> str:
    """Twelve hex digits: the same for the same competition, columns and rows, whatever the rows' order."""
    header, *rows = content.removeprefix(b"\xef\xbb\xbf").splitlines() or [b""]
    text = b"\n".join([competition.encode(), header, *sorted(row for row in rows if row)])
    return hashlib.sha256(text).hexdigest()[:12]


def expectation(metric: str, score: float) -> str:
    """The note of an upload with this out-of-fold score."""
    return f"out-of-fold {metric} {score:.6f}"


class Receipt(Section):
    competition: str
    run_id: str
    """A hash of the competition and the csv's content; stands in the submission's description."""
    ref: int
    """Kaggle's number of the submission."""
    status: Literal["pending", "complete"]
    public_score: str
    """As Kaggle writes it; empty while pending."""
    private_score: str
    """Empty while the competition runs."""
    metric: str | None
    out_of_fold_score: float | None
    """The predictions' out-of-fold score, to compare with the leaderboard."""


def write_receipt(path: Path, receipt: Receipt) -> None:
    write_json(path, receipt.model_dump())
