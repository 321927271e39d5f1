"""What one user did on this machine about a competition's submissions: one journal for all clones and processes.

A line is on disk before the step that it names begins. Each has its checksum, so that none is misread or overlooked.
"""

import json
import os
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import ConfigDict, TypeAdapter, ValidationError
from tqdm import tqdm

from foldline.files.refusal import Refusal
from foldline.files.whole_files import append

Step = Literal["intended", "creating", "done", "refused", "dismissed", "listed", "pushing", "pushed"]
"""intended: the file is going to be sent, which counts for nothing. creating: the one call that counts is going to be
made. done: Kaggle has it. refused: Kaggle said no. dismissed: an unknown outcome was found, or said, not to count.
listed: how late Kaggle listed a submission of ours. In a journal of notebooks, with the version as `ref`, pushing: what
comes after this version is going to be ours; pushed: this one is."""
FOLDER = "FOLDLINE_STATE"


def state_folder(shell: Mapping[str, str], *names: str) -> Path:
    """Where what outlives every clone is kept; `names` become folders below it, whatever letters they have."""
    home = Path(shell.get("HOME") or Path.home())
    state = Path(shell.get("XDG_STATE_HOME") or home / ".local" / "state") / "foldline"
    folder = Path(shell.get(FOLDER) or state)
    if not folder.is_absolute():
        raise Refusal(
            f"the journal of submissions would lie in {folder}, another folder for each clone, so nothing was "
            f"uploaded. Set {FOLDER} to a path that begins with /, the same for all of your clones."
        )
    return folder.joinpath(*(re.sub(r"[^a-z0-9_-]", "_", name.casefold()) for name in names))


@dataclass(frozen=True)
class Line:
    __pydantic_config__ = ConfigDict(extra="forbid")
    step: Step
    run_id: str
    ref: int = 0
    time: float = 0.0
    """In seconds since 1970, UTC."""
    sha256: str = ""
    bytes: int = 0
    total: int = -1
    """Submissions that Kaggle had counted in all before this one; -1 where it did not say."""
    listed: tuple[int, ...] = ()
    """The refs that Kaggle listed before this one."""
    seconds: float = 0.0
    """How late the submission was listed."""
    note: str = ""


LINE = TypeAdapter(Line)


class Journal:
    """In `folder`, which is made when need be.

    is_complete: nothing can have been uploaded that it does not know. So it is with the local Kaggle's, which lies in
    its memory and is lost with it; of kaggle.com, other machines and lost journals, the ledger tells.
    """

    def __init__(self, folder: Path, is_complete: bool = False) -> None:
        self.folder, self.is_complete, self.path = folder, is_complete, folder / "journal.jsonl"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the one lock of this user and competition; the kernel releases it when the process dies."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(self.folder / "lock")
            try:
                lock.acquire(timeout=0)
            except Timeout:
                tqdm.write("another process submits to this competition: waiting for it", file=sys.stderr)
                lock.acquire()
        except OSError as error:
            raise Refusal(
                f"{self.folder}: the journal of submissions cannot be kept there ({error.strerror}), so nothing was "
                f"uploaded. Set {FOLDER} to a folder that stays, and that is the same for all of your clones."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def append(self, line: Line) -> None:
        """On disk when this returns. Hold the lock."""
        text = json.dumps(asdict(line), separators=(",", ":"))
        if self.path.exists():  # what a crash cut short had not begun
            os.truncate(self.path, self.path.read_bytes().rfind(b"\n") + 1)
        append(self.path, f"{zlib.crc32(text.encode()):08x} {text}\n".encode())

    def lines(self) -> list[Line]:
        """All of them. A line that a crash cut short is none: what it names had not begun."""
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        whole, _, _ = content.rpartition(b"\n")
        return [self._parsed(number, text) for number, text in enumerate(whole.split(b"\n"), 1) if text]

    def refs(self, run_id: str, step: Step) -> list[int]:
        """Of a run's lines of this step."""
        return [line.ref for line in self.lines() if (line.run_id, line.step) == (run_id, step)]

    def _parsed(self, number: int, text: bytes) -> Line:
        checksum, _, body = text.partition(b" ")
        if checksum != f"{zlib.crc32(body):08x}".encode():
            raise Refusal(
                f"{self.path}, line {number}, is damaged: it may be the only trace of an upload, so nothing was "
                "uploaded. Look at your submissions on Kaggle's page; then remove the line."
            )
        try:
            return LINE.validate_json(body)
        except ValidationError as error:
            wrong = error.errors()[0]
            said = f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"
            raise Refusal(
                f"{self.path}, line {number}, is of another version of Foldline ({said}), so nothing was uploaded. Use "
                "the version that wrote it, or a later one."
            ) from None
