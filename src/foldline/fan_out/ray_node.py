"""What a node of a Ray cluster does with an item: it keeps a clone of the driver's commit, and runs the item in it.

Ray carries the commit, the log and the progress. All that is large goes another way: the commands themselves fetch what
they read, and return what they made.
"""

import fcntl
import hashlib
import os
import sys
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

from foldline.fan_out.queue import logged
from foldline.fan_out.slots import THREADS
from foldline.files.dvc_locks import mend_dvc
from foldline.files.leftovers import remove_leftovers
from foldline.files.progress import PROGRESS_FILE
from foldline.files.refusal import Refusal

FOLDER = "FOLDLINE_CLONES"
"""The environment variable of a node that says where its clones lie."""
LOOK_SECONDS = 0.5

Words = Sequence[str]
"""A command; `python` is the node's own."""


@dataclass(frozen=True)
class Project:
    """What is worked on, the same for all nodes and items."""

    name: str
    """Of the clone's folder."""
    commit: str
    bundle: bytes
    """The commit and all before it (git-bundle(1))."""
    files: Mapping[str, bytes]
    """What the commit does not hold, by path."""
    before: Sequence[Words]
    """What brings all that items read, once per node."""
    environment: Mapping[str, str]
    """Of all commands, besides the node's own."""
    version: str = field(default_factory=partial(version, "foldline"))

    @cached_property
    def key(self) -> str:
        return hashlib.sha256(repr((self.commit, sorted(self.files.items()), self.before)).encode()).hexdigest()


@dataclass(frozen=True)
class Report:
    """What has happened since the last one."""

    log: bytes = b""
    progress: str | None = None
    code: int | None = None
    """How it has ended: the last report's alone."""


def work(project: Project, commands: Sequence[Words], learning: int) -> Iterator[Report]:
    """Run the commands one after the other, as long as they succeed. learning: so many processes share the cores."""
    with TemporaryDirectory(prefix="foldline-") as own:
        threads = {THREADS: str(max(len(os.sched_getaffinity(0)) // learning, 1))}
        output = Output(Path(own), {**os.environ, **threads, **project.environment})
        try:
            code = yield from _work(project, commands, output)
        except Refusal as refusal:
            output.say(f"error: {refusal}")
            code = 1
        yield output.report(code)


def _work(project: Project, commands: Sequence[Words], output: "Output") -> Generator[Report, None, int]:
    if project.version != version("foldline"):
        raise Refusal(
            f"foldline is {version('foldline')} on this node and {project.version} where it was started. Install the "
            "same on both."
        )
    clone = Path(os.environ.get(FOLDER) or Path.home() / ".cache" / "foldline" / "clones") / project.name
    output.say(f"{project.commit[:12]} in {clone} on {os.uname().nodename}")
    ready = clone / ".git" / "foldline-ready"
    clone.mkdir(parents=True, exist_ok=True)
    # Several items work in a clone at once. Whoever brings it to another commit waits for them, and they for him.
    with clone.with_name(f"{clone.name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        while not ready.exists() or ready.read_text() != project.key:
            fcntl.flock(lock, fcntl.LOCK_EX)
            ready.unlink(missing_ok=True)
            code = yield from _make_ready(project, clone, output)
            if code:
                return code
            ready.write_text(project.key)
            fcntl.flock(lock, fcntl.LOCK_SH)
        mend_dvc(clone)
        remove_leftovers(clone)
        return (yield from output.of_all(commands, clone))


def _make_ready(project: Project, clone: Path, output: "Output") -> Generator[Report, None, int]:
    bundle = output.folder / "commit.bundle"
    bundle.write_bytes(project.bundle)
    fetch = ("git", "fetch", "--quiet", str(bundle), "HEAD")
    check_out = ("git", "checkout", "--quiet", "--force", "--detach", project.commit)
    code = yield from output.of_all([("git", "init", "--quiet"), fetch, check_out], clone)
    if code:
        return code
    for name, content in project.files.items():
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        (clone / name).write_bytes(content)
    mend_dvc(clone)
    return (yield from output.of_all(project.before, clone))


class Output:
    """What an item's commands print, and how far they say that they are; both are reported bit by bit."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self._log, self._progress = folder / "log", folder / "progress.json"
        # The commands find the node's own Python and what lies next to it (dvc).
        path = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
        self._environment = {**environment, "PATH": path, PROGRESS_FILE: str(self._progress)}
        self._told, self._last = 0, None

    def say(self, line: str) -> None:
        with self._log.open("a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def of_all(self, commands: Sequence[Words], folder: Path) -> Generator[Report, None, int]:
        """Run them, and report now and then; the exit code of the first that fails, else 0."""
        for command in commands:
            code = yield from self._of_one(command, folder)
            if code:
                return code
        return 0

    def _of_one(self, command: Words, folder: Path) -> Generator[Report, None, int]:
        process = logged(command, folder, self._log, self._environment)
        while (code := process.poll()) is None:
            report = self.report()
            if report != Report():
                yield report
            time.sleep(LOOK_SECONDS)
        return code

    def report(self, code: int | None = None) -> Report:
        with self._log.open("rb") as log:
            log.seek(self._told)
            new = log.read()
        self._told += len(new)
        now = self._progress.read_text(encoding="utf-8") if self._progress.exists() else None
        progress, self._last = (now if now != self._last else None), now
        return Report(new, progress, code)
