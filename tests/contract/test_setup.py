"""`.ci/setup`, with stand-ins for Python and uv: what it installs, what it says, and when it does nothing."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = """#!/bin/sh
case "$*" in
  *sysconfig*) echo .venv ;;
  *plots_page*) mkdir -p .dvc/plots && touch .dvc/plots/offline.html ;;
esac
"""
UV = """#!/bin/sh
echo "$*" >> uv.log
case "$*" in *--torch-backend*) [ ! -e offline ] || { echo 'error: Request failed' >&2; exit 2; } ;; esac
"""


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """With an environment in which nothing is installed yet."""
    for name in (".ci/setup", "requirements.txt", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    for name, program in (("python", PYTHON), ("uv", UV)):
        (tmp_path / ".venv" / "bin" / name).write_text(program)
        (tmp_path / ".venv" / "bin" / name).chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def set_up(clone: Path, **variables: str) -> tuple[str, str]:
    """What it said, and what it asked of uv for the libraries."""
    log = clone / "uv.log"
    log.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if name != "TORCH"} | variables
    ended = subprocess.run([".ci/setup"], cwd=clone, env=environment, capture_output=True, text=True)
    asked = log.read_text() if log.exists() else ""
    return ended.stderr, "\n".join(line for line in asked.splitlines() if "pip sync" in line)


def test_it_says_its_steps_and_does_nothing_twice(clone: Path) -> None:
    said, asked = set_up(clone)
    assert [line.split()[1] for line in said.splitlines()] == ["setting", "2/4", "3/4", "4/4", "set"]
    assert asked.endswith(" requirements.txt")
    assert set_up(clone) == ("", "")


def test_the_build_for_cpus_leaves_out_what_gpus_need_and_is_remembered(clone: Path) -> None:
    said, asked = set_up(clone, TORCH="cpu")
    assert "torch for CPUs: 2 GB" in said
    assert asked.endswith("--torch-backend cpu .venv/requirements-cpu.txt")
    names = {line.split("==")[0] for line in (clone / ".venv/requirements-cpu.txt").read_text().splitlines()}
    assert {"torch", "torchvision", "timm"} <= names
    assert not {name for name in names if name.startswith(("nvidia", "cuda", "triton"))}
    assert set_up(clone) == ("", "")
    assert set_up(clone, TORCH="default")[1].endswith(" requirements.txt")


def test_without_the_index_of_that_build_the_usual_one_is_taken(clone: Path) -> None:
    (clone / "offline").touch()
    said, asked = set_up(clone, TORCH="cpu")
    assert "the index of builds for CPUs did not answer, for the reason above: the usual build instead" in said
    assert [line.rpartition(" ")[2] for line in asked.splitlines()] == [
        ".venv/requirements-cpu.txt",
        "requirements.txt",
    ]
    assert set_up(clone) == ("", "")


def test_another_build_is_refused(clone: Path) -> None:
    assert set_up(clone, TORCH="gpu") == ("foldline: TORCH is 'gpu': it takes cpu or default.\n", "")
