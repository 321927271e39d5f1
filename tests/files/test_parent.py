"""After SIGKILL of a process none of those that it started lives on."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from foldline.files.parent import VARIABLE

WAITS = "import time; print('ready', flush=True); time.sleep(600)"
CHILD = f"from foldline.files.parent import *; die_with_parent(); {WAITS}"
OF_PIPELINES = f"import pipelines; {WAITS}"
PARENTS = {
    "a child that is told of its parent": (
        "import os, subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', {CHILD!r}], env={{**os.environ, {VARIABLE!r}: str(os.getpid())}})"
    ),
    "a stage of DVC": (
        "import os, subprocess, sys;"
        f"subprocess.run([sys.executable, '-c', {OF_PIPELINES!r}], env={{**os.environ, 'DVC_STAGE': 'train'}})"
    ),
    "the kaggle client": (
        f"import os; from foldline.kaggle.client import Kaggle; Kaggle(os.environ)._started(); {WAITS}"
    ),
    "processes that load images": (
        "import numpy as np\n"
        "from foldline.pixels.loaders import evaluation_loader\n"
        "loader = iter(evaluation_loader(np.zeros((400, 8, 8, 3), np.uint8), np.arange(400), 4, 2))\n"
        f"next(loader)\n{WAITS}"
    ),
}


def descendants_end(started: subprocess.Popen[str], least: int) -> None:
    """Kill it, and wait until those whom it had started are gone, however long a busy machine takes."""
    assert started.stdout is not None
    assert started.stdout.readline() == "ready\n"
    children = psutil.Process(started.pid).children(recursive=True)
    assert len(children) >= least
    started.kill()
    started.wait()
    while any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children):
        time.sleep(0.01)


@pytest.mark.parametrize("what", PARENTS)
def test_they_end_with_it(what: str, outcome: Callable[[str, str], None]) -> None:
    started = subprocess.Popen([sys.executable, "-c", PARENTS[what]], stdout=subprocess.PIPE, text=True)
    descendants_end(started, 2 if "load" in what else 1)
    outcome("SIGKILL of a process that started others", "survived")


def test_whose_parent_is_gone_already_ends_at_once() -> None:
    """It ended before its child had asked to be told."""
    gone = subprocess.run([sys.executable, "-c", CHILD], env={**os.environ, VARIABLE: "1"}, capture_output=True)
    assert (gone.returncode, gone.stdout) == (-signal.SIGKILL, b"")


def test_what_a_person_starts_may_outlive_the_shell(tmp_path: Path) -> None:
    script = f"import pipelines, os; os.write(1, b'%d' % os.getpid()); {WAITS}"
    shell = subprocess.Popen(
        ["sh", "-c", '"$0" -c "$1" > out & wait', sys.executable, script],
        cwd=tmp_path,
        env={**{k: v for k, v in os.environ.items() if k != "DVC_STAGE"}, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    while "ready" not in (tmp_path / "out").read_text() if (tmp_path / "out").exists() else True:
        time.sleep(0.01)
    shell.kill()
    shell.wait()
    child = psutil.Process(int((tmp_path / "out").read_text().split("ready")[0]))
    assert child.is_running()
    child.kill()
