"""`submissions/ledger.csv`: what was done about every upload, in the order of time; lines are only ever added."""

import csv
import io
import os
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from foldline.files.refusal import Refusal, listed

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


COLUMNS = tuple(field.name for field in fields(LedgerEntry))


def entry(
    competition: str, run_id: str, event: Event, ref: int | None = None, public_score: str = "", note: str = ""
) -> LedgerEntry:
    """An entry of this second."""
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return LedgerEntry(time, competition, run_id, event, "" if ref is None else str(ref), public_score, note)


def append_entry(path: Path, new: LedgerEntry) -> None:
    """On the disk when this returns. Hold a lock."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+") as file:
        lines = [] if file.tell() else [COLUMNS]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([*lines, [cell.replace("\n", " ") for cell in astuple(new)]])
        file.write((_end_of_torn_line(path) + text.getvalue()).encode())
        file.flush()
        os.fsync(file.fileno())


def read_ledger(path: Path) -> list[LedgerEntry]:
    """All entries; none when there is no file. A last line that a crash cut short is not an entry."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        header, *lines = list(csv.reader(file)) or [[]]
    if tuple(header) != COLUMNS:
        raise Refusal(
            f"{path}: the columns are {listed(header)}, expected {listed(COLUMNS)}. Restore the file from a backup: it "
            "is what keeps a submission from being spent twice."
        )
    return [LedgerEntry(*line) for line in lines if len(line) == len(COLUMNS)]  # type: ignore[arg-type]


def _end_of_torn_line(path: Path) -> str:
    content = path.read_bytes()
    return "\n" if content and not content.endswith(b"\n") else ""
