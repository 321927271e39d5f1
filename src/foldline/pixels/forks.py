"""Forks that load images, of a process with threads, and are known to run.

CPython 3.11 takes a lock in a fork, before its first line of Python, that a thread of torch (gloo's, say) may have held
at the fork: nobody is left there to release it, and the fork stands still (gh-112275, mended in September 2024). So a
fork says that it woke and waits to be told to go on; one that does not wake is killed, and another takes its place. It
has done nothing by then, and holds nothing.
"""

import os
import signal
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkContext, ForkProcess
from multiprocessing.popen_fork import Popen
from multiprocessing.process import BaseProcess
from typing import Any

from foldline.files.refusal import Refusal

PATIENCE = (5, 10, 20, 40, 80)
"""Seconds to wait for each fork in turn. On a busy machine one may be late: the next is given more time."""


class _Waking:
    """A process that asks whether it may begin."""

    def __init__(self, process: BaseProcess, its: Connection, parents: Connection) -> None:
        self.process = process
        self.its = its
        self.parents = parents

    def _bootstrap(self, parent_sentinel: int) -> int:
        """Where multiprocessing begins in the fork."""
        self.parents.close()
        try:
            self.its.send(None)
            self.its.recv()
        except (EOFError, OSError):  # Its parent has ended.
            return 1
        self.its.close()
        return self.process._bootstrap(parent_sentinel=parent_sentinel)  # type: ignore[attr-defined]


class _Fork(Popen):
    """Raises Refusal where none of the forks wakes."""

    def _launch(self, process_obj: Any) -> None:
        for seconds in PATIENCE:
            parents, its = Pipe()
            with parents, its:
                super()._launch(_Waking(process_obj, its, parents))  # type: ignore[misc]
                if parents.poll(seconds):
                    parents.send(None)
                    return
                os.kill(self.pid, signal.SIGKILL)
                os.waitpid(self.pid, 0)
                assert self.finalizer is not None, "it was launched"
                self.finalizer()  # Closes what it was watched by.
        raise Refusal(
            f"{len(PATIENCE)} processes that load images were started in turn, and none began in time (the last had "
            f"{PATIENCE[-1]} seconds). Run this again on a less busy machine, or set workers to 0 in params.yaml."
        )


class _Process(ForkProcess):
    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Popen:
        return _Fork(process_obj)


class WakingForks(ForkContext):
    """multiprocessing's way to fork, with forks that are known to run."""

    Process = _Process  # type: ignore[assignment]
