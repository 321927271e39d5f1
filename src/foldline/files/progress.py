"""How far something is: a bar for whoever waits at a terminal, and a file for the queue that started this process."""

import json
import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from foldline.files.whole_files import write_text

progress = partial(tqdm, disable=None, delay=1.0, leave=False)
"""As tqdm, whose `disable=None` means: only where standard error is a terminal. None for what takes a second."""

PROGRESS_FILE = "FOLDLINE_PROGRESS"
"""The environment variable that names the file; where it is not set, nobody waits for one."""


class Done(NamedTuple):
    """How far a training is."""

    epochs: int
    of: int
    seconds_left: float
    validation_losses: Sequence[float] = ()
    """One per epoch."""


def report_progress(done: Done) -> None:
    name = os.environ.get(PROGRESS_FILE)
    if name:
        write_text(Path(name), json.dumps(done._asdict()))


def read_progress(path: Path) -> Done | None:
    """What was reported last, if anything was, with the time that is left by now."""
    try:
        done = Done(**json.loads(path.read_text(encoding="utf-8")))
        since = time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return None
    return done._replace(seconds_left=max(done.seconds_left - since, 0.0))


def duration(seconds: float) -> str:
    """`4:05`, and `2h03` from an hour on."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}" if minutes < 60 else f"{minutes // 60}h{minutes % 60:02}"
