"""Kaggle as the stages see it: plain calls with a time limit; a failed one raises CallFailed with the reason."""

import json
import math
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import Any, Literal

from tqdm import tqdm

from foldline.files.parent import die_with_parent
from foldline.files.redaction import redacted, secrets_of
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
    """`pending` is each that is not final."""
    public_score: str
    """As Kaggle writes it; empty while there is no score."""
    private_score: str
    error: str
    bytes: int = 0
    """Of the csv that Kaggle has; 0 where it does not say."""
    words: str = "PENDING"
    """The status as Kaggle writes it."""


@dataclass(frozen=True)
class Limits:
    """Submissions counted today (UTC) and in total, and how many more are allowed. All zero before the first one."""

    today: int
    total: int
    allowed_now: int
    limited_by_total: bool = False
    """Whether it is the total that is used up, which does not renew."""


@dataclass(eq=False)
class CallFailed(Exception):
    """A call to Kaggle failed; `foldline.kaggle.connection.explained` tells a person what to do about it."""

    kind: Literal["credentials", "http", "storage", "network", "upload", "stalled", "other"]
    """storage: what holds the files refused a link that Kaggle gave. upload: the file did not arrive."""
    message: str
    status: int = 0
    retry_after: str = ""
    was_sent: bool = True
    """Whether the request may have reached Kaggle."""

    def __str__(self) -> str:
        return self.message


def seconds_of(retry_after: str, now: datetime) -> float | None:
    """What the header Retry-After asks for, a number or a date; None for what is neither."""
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(retry_after).astimezone(UTC) - now).total_seconds()
        except (ValueError, OverflowError):
            return None
    return max(seconds, 0.0) if math.isfinite(seconds) else None


class Kaggle:
    """One host, through the real `kaggle` client in a child process with the variables `environment`.

    source: of the token, as a message names it.

    A context manager; the child starts with the first call and is started again after a call that stalled.
    """

    call_seconds = 60.0
    """Without an answer (of a download: without new bytes), after which a call has stalled."""
    upload_seconds = 600.0
    create_seconds = 120.0

    def __init__(self, environment: Mapping[str, str], source: str = "") -> None:
        self.environment, self.source = dict(environment), source
        self.secrets = secrets_of(self.environment)
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> "Kaggle":
        return self

    def __exit__(self, *error: object) -> None:
        self._end()

    def files(self, competition: str) -> dict[str, int]:
        """Sizes in bytes by name, of all of the competition's files or of the first 2,000."""
        return self.read("files", competition=competition, pages=LISTED_PAGES)

    def download(self, competition: str, folder: Path) -> None:
        """Put the competition's one archive into the existing, empty `folder`."""
        self.read("download", watched=folder, competition=competition, folder=str(folder.resolve()))

    def user(self) -> str:
        """The account's name. Raises CallFailed without valid credentials."""
        return self.read("user")

    def upload(self, competition: str, path: Path) -> str:
        """Send the csv, which spends no submission: the token for `create`."""
        return self.call("upload", {"competition": competition, "path": str(path.resolve())}, self.upload_seconds)

    def create(self, competition: str, token: str, message: str) -> int:
        """Make what was uploaded a submission, and return its ref. After a failure it may have been counted."""
        return self.ref_of("create", competition=competition, token=token, message=message)

    def ref_of(self, call: str, **fields: Any) -> int:
        """What a call that makes a submission returns: its ref."""
        reply = self.call(call, fields, self.create_seconds)
        if not reply["ref"]:
            raise CallFailed("other", f"Kaggle returned no number of the submission, and said `{reply['message']}`")
        return reply["ref"]

    def submissions(self, competition: str) -> list[RemoteSubmission]:
        """All of the user's team, newest first."""
        return [RemoteSubmission(**entry) for entry in self.read("submissions", competition=competition)]

    def submission(self, ref: int) -> RemoteSubmission:
        return RemoteSubmission(**self.read("submission", ref=ref))

    def limits(self, competition: str) -> Limits:
        return Limits(**self.read("limits", competition=competition))

    def competitions(self, search: str) -> list[str]:
        """Slugs of the first competitions found."""
        return self.read("competitions", search=search)

    def read(self, call: str, watched: Path | None = None, **fields: Any) -> Any:
        """A call that changes nothing, so that it may be repeated when Kaggle asks to slow down."""
        for tries in range(1, RATE_LIMIT_TRIES + 1):
            try:
                return self.call(call, fields, self.call_seconds, watched)
            except CallFailed as failure:
                if failure.status != RATE_LIMITED or tries == RATE_LIMIT_TRIES:
                    raise
                asked = seconds_of(failure.retry_after, datetime.now(UTC))
                asked = 2.0**tries if asked is None else asked
                if asked > LONGEST_RETRY_SECONDS:
                    raise
                tqdm.write(f"Kaggle asks to slow down: trying again in {asked:g} seconds", file=sys.stderr)
                time.sleep(asked)
        raise AssertionError("the last try returns or raises")

    def call(self, call: str, fields: dict[str, Any], seconds: float, watched: Path | None = None) -> Any:
        child = self._started()
        assert child.stdin is not None and child.stdout is not None
        try:
            child.stdin.write(json.dumps({"call": call, "fields": fields}) + "\n")
            child.stdin.flush()
            line = child.stdout.readline() if self._answers(child, seconds, watched) else None
        except BrokenPipeError:
            line = ""
        except BaseException:
            self._end()
            raise
        if line is None or not line.endswith("\n"):
            self._end()
            if line is None:
                raise CallFailed("stalled", f"no answer to `{call}` for {seconds:g} seconds")
            raise CallFailed("other", f"the kaggle client died during `{call}`")
        reply = json.loads(line)
        if "failure" in reply:
            raise CallFailed(**reply["failure"] | {"message": redacted(reply["failure"]["message"], self.secrets)})
        return reply["value"]

    def _answers(self, child: subprocess.Popen[str], seconds: float, watched: Path | None) -> bool:
        """Whether an answer came before `seconds` passed with nothing new in the folder `watched`."""
        assert child.stdout is not None
        seen, since = 0, time.monotonic()
        while time.monotonic() - since < seconds:
            if select.select([child.stdout], [], [], min(LOOK_SECONDS, seconds))[0]:
                return True
            with suppress(FileNotFoundError):  # the client renames what is whole
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
                encoding="utf-8",
                process_group=0,  # a Ctrl-C at the terminal is for us, who end it
                preexec_fn=partial(die_with_parent, os.getpid()),  # nobody would hear its answer
            )
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None
