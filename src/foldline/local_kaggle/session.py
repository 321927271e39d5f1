"""A session of a notebook, as a process of its own: `python -m foldline.local_kaggle.session FOLDER`.

FOLDER/session.json says what to run on what; input/ and working/ are made (files/notebooks.py), log.txt and ended.json
are left. The notebook's process has no network, unless it asks for one.
"""

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from foldline.files.notebooks import WITHOUT_NETWORK, can_cut_off, run_notebook
from foldline.files.whole_files import read_json, write_json, write_text
from foldline.params.section import Section

SPECIFICATION, OUTCOME, LOG = "session.json", "ended.json", "log.txt"


class Specification(Section):
    notebook: str
    inputs: Mapping[str, str]
    """Folders by what they are called below the inputs."""
    has_network: bool
    seconds: float
    """After which it is ended."""


class Outcome(Section):
    status: Literal["COMPLETE", "ERROR"]
    message: str


def main(folder: Path) -> None:
    try:
        with FileLock(folder / "lock", timeout=0):
            if not (folder / OUTCOME).exists():
                write_json(folder / OUTCOME, _outcome(folder).model_dump())
    except Timeout:
        return  # another server's process is at it


def _outcome(folder: Path) -> Outcome:
    try:
        return _run(folder, Specification(**read_json(folder / SPECIFICATION)))
    except subprocess.TimeoutExpired as error:
        return Outcome(status="ERROR", message=f"The session exceeded its {error.timeout:g} seconds")
    except Exception as error:
        return Outcome(status="ERROR", message=f"{type(error).__name__}: {error}")


def _run(folder: Path, given: Specification) -> Outcome:
    inputs, working = folder / "input", folder / "working"
    for made in (inputs, working):
        shutil.rmtree(made, ignore_errors=True)
        made.mkdir()
    for name, source in given.inputs.items():
        shutil.copytree(source, inputs / name, copy_function=os.link)
    is_cut_off = not given.has_network and can_cut_off()
    shown = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    within, python = WITHOUT_NETWORK if is_cut_off else (), _own_python(folder / "python")
    ended = run_notebook(Path(given.notebook), shown, inputs, working, python, within, given.seconds)
    said = "" if given.has_network or is_cut_off else "(this machine cannot cut the session's network off)\n"
    write_text(folder / LOG, f"{said}{ended.stdout}{ended.stderr}")
    if ended.returncode == 0:
        return Outcome(status="COMPLETE", message="")
    last = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
    return Outcome(status="ERROR", message=f"Notebook Threw Exception: {last}")


def _own_python(folder: Path) -> Path:
    """With the packages of this one; what the notebook installs stays in it."""
    venv.create(folder, clear=True, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # Not a plain path: these folders' own .pth files count, too.
    lines = [f"import site; site.addsitedir({known!r})" for known in sys.path if known]
    write_text(packages / "of_the_server.pth", "".join(f"{line}\n" for line in lines))
    return folder / "bin" / "python"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
