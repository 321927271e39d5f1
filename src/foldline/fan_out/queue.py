"""A queue of commands, and slots that work on it side by side: what trains folds, seeds and the cells of a study.

The queue knows no DVC and no competition. An item is a command with its environment, folder and log; a
slot is what tells its place apart from the others' (GPUs, threads), as environment variables. When an item fails
the others go on. On Ctrl-C and SIGTERM all descendants are ended; killed, the queue takes its items with it.
"""

import os
import signal
import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, runtime_checkable

import psutil

from foldline.files.parent import die_with_parent
from foldline.files.progress import PROGRESS_FILE, Done, read_progress

LOOK_SECONDS = 0.2
"""Between two looks at the processes: nothing next to an item, which takes minutes."""
PATIENCE_SECONDS = 6.0
"""From the request to end until the descendants are killed: what a training needs for its last words."""

Environment = Mapping[str, str]


@dataclass(frozen=True)
class Item:
    name: str
    command: Sequence[str]
    folder: Path
    """Where the command runs."""
    log: Path
    """Gets all that the command prints, of its last attempt: `fold0-seed0.log`."""
    environment: Environment = field(default_factory=lambda: MappingProxyType({}))
    attempts: int = 1
    """How often it is started at most, where it is killed, or the machine is lost that it runs on. What fails by itself
    would fail again."""

    @property
    def progress(self) -> Path:
        """Where the command leaves how far it is ($FOLDLINE_PROGRESS, files/progress.py)."""
        return self.log.with_suffix(".progress.json")


@runtime_checkable
class Process(Protocol):
    @property
    def pid(self) -> int | None:
        """None where it runs on another machine."""

    def poll(self) -> int | None:
        """The exit code, or minus the signal that ended it; None while it runs."""

    def wait(self) -> object:
        """It has ended, or was asked to: bring it to its end."""


@dataclass(frozen=True)
class Ended:
    item: Item
    code: int
    """Of the last attempt: the exit code, or minus the signal that ended it."""
    seconds: float
    """From its first start to its end."""
    stopped: str | None = None
    """Why the queue ended it, where it did."""

    @property
    def is_done(self) -> bool:
        return self.code == 0 and self.stopped is None

    @property
    def has_failed(self) -> bool:
        return self.code != 0 and self.stopped is None


@dataclass
class Running:
    item: Item
    process: Process
    attempt: int
    begun: float
    """Of the first attempt, on `time.monotonic`."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    @property
    def done(self) -> Done | None:
        return read_progress(self.item.progress)


@runtime_checkable
class Screen(Protocol):
    """Who is told what happens (fan_out/display.py)."""

    def begin(self, running: Running) -> None: ...
    def show(self, running: Mapping[int, Running], waiting: int, ended: Sequence[Ended]) -> None: ...
    def fail(self, running: Running, code: int) -> None: ...
    def end(self, ended: Ended) -> None: ...


def start_cold(item: Item, environment: Environment) -> "subprocess.Popen[bytes]":
    prepare_files(item)
    return logged(item.command, item.folder, item.log, {**os.environ, **environment_of(item, environment)})


def logged(command: Sequence[str], folder: Path, log: Path, environment: Environment) -> "subprocess.Popen[bytes]":
    """The command, in a process group of its own: a Ctrl-C at the terminal reaches the queue alone, which ends its
    items itself. log: gets at its end all that the command prints."""
    with log.open("ab") as out:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=0,
            preexec_fn=partial(die_with_parent, os.getpid()),
        )


def prepare_files(item: Item) -> None:
    """An empty log, and no progress of an earlier attempt."""
    for file in (item.log, item.progress):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
    item.log.touch()


def environment_of(item: Item, slot: Environment) -> Environment:
    """What it gets besides the queue's own."""
    return {**slot, **item.environment, PROGRESS_FILE: str(item.progress.resolve())}


def run_queue(
    items: Sequence[Item],
    slots: Sequence[Environment],
    screen: Screen,
    start: Callable[[Item, Environment], Process] = start_cold,
    stop: Callable[[Running], str | None] = lambda _: None,
) -> list[Ended]:
    """Work on all items, the first first, one at a time in each slot; return how each ended, in the order of ending.

    start: how an item becomes a process; fan_out/warm.py has the quicker way. stop: says why a running item is to end
    now; None lets it run. It is asked of what has ended by itself, too, since whether one looks in time is chance. An
    exception that ends the queue (KeyboardInterrupt on Ctrl-C or SIGTERM) ends all descendants first.
    """
    waiting, running, ended = deque(items), dict[int, Running](), list[Ended]()
    try:
        while waiting or running:
            for slot, environment in enumerate(slots):
                if slot not in running and waiting:
                    item = waiting.popleft()
                    running[slot] = Running(item, start(item, environment), 1, time.monotonic())
                    screen.begin(running[slot])
            screen.show(running, len(waiting), ended)
            time.sleep(LOOK_SECONDS)
            for slot, job in list(running.items()):
                outcome = _outcome(job, stop)
                if outcome is None:
                    continue
                if outcome.has_failed and outcome.code < 0 and job.attempt < job.item.attempts:
                    screen.fail(job, outcome.code)
                    running[slot] = Running(job.item, start(job.item, slots[slot]), job.attempt + 1, job.begun)
                    continue
                ended.append(outcome)
                del running[slot]
                screen.end(outcome)
    finally:
        end_all([job.process for job in running.values()])
    return ended


def _outcome(job: Running, stop: Callable[[Running], str | None]) -> Ended | None:
    """None while it runs."""
    code, why = job.process.poll(), stop(job)
    if code is None:
        if why is None:
            return None
        end_all([job.process])
        code = job.process.poll() or 0
    return Ended(job.item, code, job.seconds, why)


def end_all(processes: Sequence[Process]) -> None:
    """Ask all descendants to end, and kill those that have not after PATIENCE_SECONDS.

    They are listed before any is asked: the children of one that has ended are nobody's any more.
    """
    family = [member for process in processes for member in _family(process.pid)]
    for member in family:
        _send(member, signal.SIGTERM)
    _, left = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
    # What was started meanwhile.
    left += [member for process in processes for member in _family(process.pid) if member not in left]
    for member in left:
        _send(member, signal.SIGKILL)
    psutil.wait_procs(left, timeout=LOOK_SECONDS)
    for process in processes:
        process.wait()


def _family(pid: int | None) -> list[psutil.Process]:
    """The process and its descendants; nothing where it has ended, or is not of this machine."""
    if pid is None:
        return []
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _send(member: psutil.Process, request: signal.Signals) -> None:
    try:
        member.send_signal(request)
    except psutil.NoSuchProcess:
        return
