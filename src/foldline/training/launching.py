"""One stage in one process, or the same stage in several that learn together."""

import json
import logging
import os
import signal
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from foldline.files.parent import VARIABLE as PARENT
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_text

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

VARIABLE = "FOLDLINE_PROCESSES"
ERROR_FILE = "TORCHELASTIC_ERROR_FILE"
"""Where torch's launcher tells each process to leave its last words."""
LAST_WORDS = "interrupted.txt"
"""Next to it: what the launcher says if an interrupt ends the process, which is then not asked."""


def launch(module: str, arguments: Sequence[str], stage: Callable[[], None]) -> None:
    """Call `stage` here, or start `python -m module arguments` once per process, where `launch` calls it.

    One process needs no launcher. With several, the first to fail ends the others at once, and its Refusal is raised
    here and nowhere else. Their number is process_count().
    """
    if ERROR_FILE in os.environ:
        _work(stage)
    elif (processes := process_count()) == 1:
        stage()
    else:
        _start(processes, module, arguments)


def process_count() -> int:
    """$FOLDLINE_PROCESSES where it is set, else one per visible GPU, else one.

    Raises Refusal when it is no positive number, or more than there are GPUs (but not where there is none).
    """
    import torch  # Heavy; and a process that was launched needs no count.

    devices = torch.cuda.device_count()
    wish = os.environ.get(VARIABLE)
    if wish is None:
        return max(devices, 1)
    if not wish.isdigit() or int(wish) < 1:
        raise Refusal(f"{VARIABLE} is {wish!r}: it takes a number of processes from 1.")
    if 0 < devices < int(wish):
        raise Refusal(f"{VARIABLE} is {wish}, but {devices} GPUs are visible. Unset it, or see CUDA_VISIBLE_DEVICES.")
    return int(wish)


def _start(processes: int, module: str, arguments: Sequence[str]) -> None:
    from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # Its own report of a failure is a page long and repeats what the process said itself.
    logging.getLogger("torch.distributed").setLevel(logging.CRITICAL)
    os.environ[PARENT] = str(os.getpid())  # each process reads it (pipelines/__init__.py)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(len(os.sched_getaffinity(0)) // processes, 1)))
    with TemporaryDirectory(prefix="foldline-") as logs:
        config = LaunchConfig(
            min_nodes=1,
            max_nodes=1,
            nproc_per_node=processes,
            logs_specs=DefaultLogsSpecs(log_dir=logs),
            run_id=uuid.uuid4().hex,
            rdzv_backend="c10d",
            rdzv_endpoint="localhost:0",
            local_addr="localhost",
            max_restarts=0,
            monitor_interval=0.1,
            shutdown_timeout=5,
            # Interrupts reach this process as KeyboardInterrupt; the others are then told to end, not to explain.
            signals_to_handle="SIGHUP,SIGQUIT",
        )
        try:
            elastic_launch(config, sys.executable)("-m", module, *arguments)
        except ChildFailedError as error:
            raise _explained(*first_cause(error.failures)) from None
        except (SignalException, KeyboardInterrupt):
            words = [path.read_text(encoding="utf-8") for path in Path(logs).rglob(LAST_WORDS)]
            raise KeyboardInterrupt(*words[:1]) from None


def _work(stage: Callable[[], None]) -> None:
    """Leave a Refusal for the launcher, which says it once for all."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        stage()
        _leave_the_others()
    except Refusal as refusal:
        words = {"message": str(refusal), "timestamp": int(time.time())}
        Path(os.environ[ERROR_FILE]).write_text(json.dumps(words), encoding="utf-8")
        sys.exit(1)


def leave_words(words: str) -> None:
    """What an interrupt of this process will be explained by, where a launcher started it."""
    if ERROR_FILE in os.environ:
        write_text(Path(os.environ[ERROR_FILE]).with_name(LAST_WORDS), words)


def _leave_the_others() -> None:
    """gloo's threads must end before the interpreter does: a process that ends with them running is now and then
    aborted (seen of three on a busy machine), after all its work."""
    import torch.distributed

    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


def first_cause(failures: "Mapping[int, ProcessFailure]") -> "tuple[int, ProcessFailure]":
    """The rank and the failure that made the others fail, of those found at one look.

    Who waits for a process that ends fails too, a moment later and with a worse reason: a Refusal comes before a
    signal, a signal before all other errors. Last comes SIGTERM, with which the launcher itself ends the others.
    """

    def weight(found: "tuple[int, ProcessFailure]") -> tuple[bool, bool, bool, int]:
        _, failure = found
        is_stopped = failure.exitcode == -signal.SIGTERM
        return not Path(failure.error_file).is_file(), is_stopped, failure.exitcode > 0, failure.timestamp

    return min(failures.items(), key=weight)


def _explained(rank: int, failure: "ProcessFailure") -> Refusal:
    """What ended the first process to fail, for the person at the screen."""
    if Path(failure.error_file).is_file():
        return Refusal(failure.message)
    how = f"by {failure.signal_name()}" if failure.exitcode < 0 else f"with exit code {failure.exitcode}"
    return Refusal(f"process {rank} ended {how} and the others were stopped. What it said is above.")
