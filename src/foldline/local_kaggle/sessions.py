"""The sessions of the local Kaggle: started, looked at, and ended with the server."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

from foldline.files.parent import die_with_parent, same_code
from foldline.files.whole_files import read_json, write_json
from foldline.local_kaggle import session
from foldline.local_kaggle.session import LOG, OUTCOME, SPECIFICATION, Outcome, Specification


class Sessions:
    """Those that one server runs. Each is a folder, which outlives it: where a killed server has left a session
    unfinished, the next one that is asked about it starts it afresh.
    """

    def __init__(self) -> None:
        self._processes: dict[Path, subprocess.Popen[bytes]] = {}

    def begin(self, folder: Path, specification: Specification) -> None:
        write_json(folder / SPECIFICATION, specification.model_dump())
        self.outcome(folder)

    def outcome(self, folder: Path) -> Outcome | None:
        """None while it runs."""
        if (folder / OUTCOME).exists():
            return Outcome(**read_json(folder / OUTCOME))
        if not (folder / SPECIFICATION).exists():
            return Outcome(status="ERROR", message="The session was never started")
        process = self._processes.get(folder)
        if process is None or process.poll() is not None:
            self._processes[folder] = subprocess.Popen(
                [sys.executable, "-m", session.__name__, str(folder)],
                env={**os.environ, **same_code()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                preexec_fn=partial(die_with_parent, os.getpid()),
            )
        return None

    def end_all(self) -> None:
        for process in self._processes.values():
            process.kill()
            process.wait()


def log_of(folder: Path) -> str:
    path = folder / LOG
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
