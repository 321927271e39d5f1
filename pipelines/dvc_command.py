"""The command `dvc`, as scripts that are no stages call it."""

import json
import os
import subprocess
import sys
from functools import partial

from foldline.files.parent import die_with_parent
from foldline.files.refusal import Refusal, listed

DVC = (sys.executable, "-m", "dvc")
OF_A_RUN = (
    "weights", "prepare", "split", "pretext", "pretext_choice", "train", "predict", "ensemble", "clip", "format",
)  # fmt: skip
"""The stages that make its files. Others fetch, refuse, or upload."""


def run_dvc(*words: str, stdout: int | None = None) -> "subprocess.CompletedProcess[str]":
    """It ends with this process, and what it started ends with it."""
    return subprocess.run([*DVC, *words], stdout=stdout, text=True, preexec_fn=partial(die_with_parent, os.getpid()))


def changed_stages(consequence: str, *stages: str) -> list[str]:
    """Those of them, or of all, whose parameters, inputs or outs are not what dvc.lock says. Raises Refusal, with the
    consequence, where DVC does not tell."""
    asked = run_dvc("status", "--json", *stages, stdout=subprocess.PIPE)
    if asked.returncode:
        raise Refusal(f"`dvc status` failed, so {consequence}. What it said is above.")
    return list(json.loads(asked.stdout))


def refuse_changed_run() -> None:
    """Raises Refusal unless the run's files are all of the params.yaml and the card that lie there now: the files
    themselves do not tell which views, rows' means or models they were made with."""
    changed = changed_stages("it is not known whether the run is finished", *OF_A_RUN)
    if changed:
        raise Refusal(
            f"the run is not finished, or something was changed since: {listed(changed, 5)} would run again "
            "(`dvc status` says why). Run `dvc repro`, then the same command again."
        )
