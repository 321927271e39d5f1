"""Kaggle as the stages see it: plain calls with a time limit; a failed one raises CallFailed with the reason."""

import json
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from foldline.kaggle import client_process

LISTED_PAGES = 10
RATE_LIMITED = 429
RATE_LIMIT_TRIES = 4
LONGEST_RETRY_SECONDS = 60.0
LOOK_SECONDS = 0.5


@dataclass(frozen=True)
class RemoteSubmission:
    ref: int
    description: str
    status: Literal["pending", "complete", "error"]
    public_score: str
    """As Kaggle writes it; empty while there is no score."""
    private_score: str
    error: str


@dataclass(frozen=True)
class Limits:
    """Submissions counted today (UTC) and in total, and how many more are allowed. All zero before the first one."""

    today: int
    total: int
    allowed_now: int


@dataclass(eq=False)
class CallFailed(Exception):
    """A call to Kaggle failed; `foldline.kaggle.connection.explained` tells a person what to do about it."""

    kind: Literal["credentials", "http", "network", "upload", "stalled", "other"]
    message: str
    status: int = 0
    retry_after: str = ""

    def __str__(self) -> str:
        return self.message


class Kaggle:
    """One host, through the real `kaggle` client in a child process with the variables `environment`.

    A context manager; the child starts with the first call and is started again after a call that stalled.
    """

    call_seconds = 60.0
    """Without an answer (of a download: without new bytes), after which a call has stalled."""
    upload_seconds = 600.0

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = dict(environment)
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Kaggle":
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def files(self, competition: str) -> dict[str, int]:
        """Sizes in bytes by name, of all of the competition's files or of the first 2,000."""
        return self._read("files", competition=competition, pages=LISTED_PAGES)

    def download(self, competition: str, folder: Path) -> None:
        """Put the competition's one archive into the existing, empty `folder`."""
        self._read("download", watched=folder, competition=competition, folder=str(folder.resolve()))

    def submit(self, competition: str, path: Path, message: str) -> int:
        """The new submission's ref. A failure does not mean that the submission was not counted."""
        fields = {"competition": competition, "path": str(path.resolve()), "message": message}
        return self._call("submit", fields, self.upload_seconds)["ref"]

    def submissions(self, competition: str) -> list[RemoteSubmission]:
        """All of the user's team, newest first."""
        return [RemoteSubmission(**entry) for entry in self._read("submissions", competition=competition)]

    def submission(self, ref: int) -> RemoteSubmission:
        return RemoteSubmission(**self._read("submission", ref=ref))

    def limits(self, competition: str) -> Limits:
        return Limits(**self._read("limits", competition=competition))

    def competitions(self, search: str) -> list[str]:
        """Slugs of the first competitions found."""
        return self._read("competitions", search=search)

    def _read(self, call: str, watched: Path | None = None, **fields: Any) -> Any:
        """A call that changes nothing, so that it may be repeated when Kaggle asks to slow down."""
        for tries in range(1, RATE_LIMIT_TRIES + 1):
            try:
                return self._call(call, fields, self.call_seconds, watched)
            except CallFailed as failure:
                if failure.status != RATE_LIMITED or tries == RATE_LIMIT_TRIES:
                    raise
                asked = float(failure.retry_after) if failure.retry_after.isdigit() else 2.0**tries
                if asked > LONGEST_RETRY_SECONDS:
                    raise
                tqdm.write(f"Kaggle asks to slow down: trying again in {asked:g} seconds", file=sys.stderr)
                time.sleep(asked)
        raise AssertionError("the last try returns or raises")

    def _call(self, call: str, fields: dict[str, Any], seconds: float, watched: Path | None = None) -> Any:
        child = self._started()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(json.dumps({"call": call, "fields": fields}) + "\n")
            child.stdin.flush()
            line = child.stdout.readline() if self._answers(child, seconds, watched) else None
        except BaseException:
            self._end()
            raise
        if not line:
            self._end()
            if line is None:
                raise CallFailed("stalled", f"no answer to `{call}` for {seconds:g} seconds")
            raise CallFailed("other", f"the kaggle client died during `{call}`")
        reply = json.loads(line)
        if "failure" in reply:
            raise CallFailed(**reply["failure"])
        return reply["value"]

    def _answers(self, child: subprocess.Popen[str], seconds: float, watched: Path | None) -> bool:
        """Whether an answer came before `seconds` passed with nothing new in the folder `watched`."""
        assert child.stdout is not None
        seen, since = 0, time.monotonic()
        while time.monotonic() - since < seconds:
            if select.select([child.stdout], [], [], min(LOOK_SECONDS, seconds))[0]:
                return True
            size = sum(path.stat().st_size for path in watched.iterdir()) if watched else 0
            if size != seen:
                seen, since = size, time.monotonic()
        return False

    def _started(self) -> subprocess.Popen[str]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", client_process.__name__],
                env=self.environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None
