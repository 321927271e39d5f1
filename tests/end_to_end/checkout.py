"""A copy of this checkout, with its uncommitted changes, as a git repository of its own that DVC can run in."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
OF_A_RUN = {"dvc.lock", "submissions/dvc.lock", "submissions/ledger.csv"}


def copy_checkout(target: Path) -> Path:
    """Every file that git tracks or would track, but none of what a run here wrote; committed, since `dvc exp` needs a
    commit."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in {*filter(None, listed.stdout.split("\0"))} - OF_A_RUN:
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name, follow_symlinks=False)
    plots_page = ".dvc/plots/offline.html"
    if (ROOT / plots_page).exists():
        shutil.copy2(ROOT / plots_page, target / plots_page)
    commit(target, "start")
    return target


def commit(checkout: Path, message: str) -> None:
    configured = [["config", "user.name", "test"], ["config", "user.email", "test@localhost"]]
    for command in (["init", "-q"], *configured, ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", message]):
        subprocess.run(["git", *command], cwd=checkout, check=True, capture_output=True)


def environment(checkout: Path, **more: str) -> dict[str, str]:
    """This process's, with the virtual environment first on the path, and the copy's own DVC state and home."""
    home = checkout / ".home"
    home.mkdir(exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KAGGLE_", "DVC_"))}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "DVC_SITE_CACHE_DIR": str(home / "dvc"),
        **more,
    }  # fmt: skip


def answer(checkout: Path, *command: str) -> Any:
    """What `command --json` answers."""
    ended = subprocess.run(
        [*command, "--json"], cwd=checkout, env=environment(checkout), capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def run(checkout: Path, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `command` there; what it printed is in `stdout`, both streams together."""
    return subprocess.run(
        command, cwd=checkout, env=environment(checkout, **more),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
