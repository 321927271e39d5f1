"""Items that start warm: each is a fork of one process that has imported what takes seconds (torch, timm).

That process is multiprocessing's fork server. It ends with the queue, however the queue ends, and its forks with it.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from foldline.fan_out.queue import Environment, Item, environment_of, prepare_files
from foldline.fan_out.warm_stages import run_as_started
from foldline.files.parent import VARIABLE as PARENT
from foldline.files.parent import die_with_parent


class Forked(ForkServerProcess):
    """What the queue asks of a process."""

    def poll(self) -> int | None:
        return self.exitcode

    def wait(self) -> None:
        self.join()


def warm_start(modules: Sequence[str], environment: Environment) -> Callable[[Item, Environment], Forked]:
    """How to start items whose command is `python ... -m MODULE ARGUMENTS` as forks of a process with these `modules`.

    environment: what a library reads as it is imported (the number of threads), which no slot can change any more.
    """
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__, *modules])

    def start(item: Item, slot: Environment) -> Forked:
        prepare_files(item)
        words = item.command[item.command.index("-m") + 1 :]
        # Not a daemon: a training starts loaders of its own.
        given = (words, item.folder, item.log, environment_of(item, slot))
        process = Forked(target=_work, args=given, daemon=False)
        before = dict(os.environ)
        os.environ |= {PARENT: str(os.getpid()), **environment}  # The first item starts the server, which gets them.
        process.start()
        os.environ.clear()
        os.environ |= before
        return process

    return start


def _work(words: Sequence[str], folder: Path, log: Path, environment: Environment) -> None:
    """In the fork: become the process that `python -m` would start."""
    die_with_parent(os.getppid())
    os.setpgid(0, 0)
    multiprocessing.set_start_method(None, force=True)  # As everywhere; here it was the one that started this process.
    with log.open("ab") as out:
        for number in (1, 2):
            os.dup2(out.fileno(), number)
    run_as_started(words, environment, folder)


# For the fork server, which imports this first, and where alone the environment names a parent: its forks hold open
# what it would otherwise end by.
die_with_parent()
