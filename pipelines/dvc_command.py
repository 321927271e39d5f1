"""The command `dvc`, as scripts that are no stages call it."""

import os
import subprocess
import sys
from functools import partial

from foldline.files.parent import die_with_parent

DVC = (sys.executable, "-m", "dvc")


def run_dvc(*words: str, stdout: int | None = None) -> "subprocess.CompletedProcess[str]":
    """It ends with this process, and what it started ends with it."""
    return subprocess.run([*DVC, *words], stdout=stdout, text=True, preexec_fn=partial(die_with_parent, os.getpid()))
