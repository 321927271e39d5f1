"""A process that ends with the one that started it: nobody is left to take what it would still do.

Linux tells a child when its parent ends, however that ends (prctl(2), PR_SET_PDEATHSIG); of a parent with several
threads, when the one that started the child ends.
"""

import os
import signal
import sys
from pathlib import Path

VARIABLE = "FOLDLINE_PARENT"
"""The number of the process that starts another one, in the other's environment."""
OF_DVC = "DVC_STAGE"
"""DVC sets it for a stage's command, which it starts itself."""
PR_SET_PDEATHSIG = 1


def same_code() -> dict[str, str]:
    """For a process that is to import what this one does, in whatever folder it runs."""
    return {"PYTHONPATH": os.pathsep.join(str(Path(folder).absolute()) for folder in sys.path if folder)}


def die_with_parent(parent: int | None = None) -> None:
    """Have this process killed when its parent ends; at once, when it has ended.

    parent: its number; None for the one that the environment names, or DVC. Without one nothing is done: what a person
    starts may outlive the terminal.
    """
    named = os.environ.pop(VARIABLE, None)
    if parent is None and named is None and OF_DVC not in os.environ:
        return
    expected = parent or int(named or os.getppid())
    from ctypes import CDLL

    CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != expected:
        os.kill(os.getpid(), signal.SIGKILL)


def die_with_pool() -> None:
    """The same in a process of a pool or a loader: multiprocessing tells it who started it."""
    from multiprocessing import parent_process

    parent = parent_process()
    if parent is not None:
        die_with_parent(parent.pid)
