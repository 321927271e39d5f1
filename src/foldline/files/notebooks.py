"""A notebook of plain Python cells: written as nbformat 4.5, and run without Jupyter, and where asked without network.

The cells need no magics, so a process that has them one after the other in one namespace does what Kaggle does.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal, NamedTuple

from foldline.files.parent import die_with_parent

INPUT, WORKING = "FOLDLINE_KAGGLE_INPUT", "FOLDLINE_KAGGLE_WORKING"
"""Where a notebook finds its inputs, and leaves what it makes; on Kaggle, /kaggle/input and /kaggle/working."""
WITH_LOOPBACK = (
    "import fcntl, os, socket, struct, sys\n"
    "asked = struct.pack('16sH22x', b'lo', 1)\n"
    "fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, asked)  # SIOCSIFFLAGS, IFF_UP\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""The processes of several GPUs meet at localhost, which is down in a new namespace."""
WITHOUT_NETWORK = ("unshare", "-rn", sys.executable, "-c", WITH_LOOPBACK)
"""A command that gives another one a network in which there is this machine and nothing else."""
RUNNER = """\
def _cells():
    import ctypes, json, linecache, signal, sys, traceback
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # again: `unshare` has made it forget
    sys.excepthook = lambda kind, error, trace: traceback.print_exception(kind, error, trace.tb_next)
    with open(sys.argv[1], encoding="utf-8") as file:
        cells = json.load(file)["cells"]
    for number, cell in enumerate(cells, 1):
        if cell["cell_type"] == "code":
            source, name = "".join(cell["source"]), f"cell {number}"
            linecache.cache[name] = len(source), None, source.splitlines(True), name
            yield compile(source, name, "exec")
for _code in _cells():
    exec(_code)
"""
"""For `python -c`: it imports nothing of ours, since a notebook may be what installs us."""


class Cell(NamedTuple):
    kind: Literal["markdown", "code"]
    source: str


def notebook_of(cells: Sequence[Cell]) -> dict[str, Any]:
    """The content of an .ipynb file, for `write_json(path, ..., hashed=False)`. Equal cells make equal bytes."""
    return {
        "cells": [_written(cell, number) for number, cell in enumerate(cells, 1)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _written(cell: Cell, number: int) -> dict[str, Any]:
    ran = {"execution_count": None, "outputs": []} if cell.kind == "code" else {}
    source = cell.source.splitlines(keepends=True)
    return {"cell_type": cell.kind, "id": f"cell-{number}", "metadata": {}, "source": source, **ran}


def run_notebook(
    notebook: Path,
    environment: Mapping[str, str],
    inputs: Path,
    working: Path,
    python: Path,
    within: Sequence[str] = (),
    timeout_seconds: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the code cells as they lie in the file, in their order, in one fresh process; the first that raises ends it.

    environment: of the process, with INPUT and WORKING for the folders `inputs` and `working`, in which it runs.
    python: the interpreter. within: a command that starts the process instead (`unshare -rn`). The result's exit code
    is 0 when all cells ended, and 1 after a traceback, which names the cell (markdown counts, too) on stderr. Raises
    subprocess.TimeoutExpired after `timeout_seconds`; the process ends then, and with the one that calls.
    """
    command = [*within, str(python), "-c", RUNNER, str(notebook.absolute())]
    return subprocess.run(
        command,
        cwd=working,
        env={**environment, INPUT: str(inputs.absolute()), WORKING: str(working.absolute())},
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        preexec_fn=partial(die_with_parent, os.getpid()),
    )


def can_cut_off() -> bool:
    """Whether a process may have a network of its own here."""
    try:
        return subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
