"""A copy of this checkout, with its uncommitted changes, as a git repository of its own that DVC can run in."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tests.end_to_end.shapes import CARD, draw_competition

ROOT = Path(__file__).resolve().parent.parent.parent
USERS = ("input", "submissions", "work")
"""Folders of what a person and the stages put there; the repository has files of its own in them."""
OURS = (".gitkeep", "submissions/dvc.yaml")
EXPERIMENT = "params.yaml"


def files_of(root: Path) -> dict[str, Path]:
    """By its name in a fresh clone, what git tracks or would track in `root`: nothing that a run or a person wrote.

    So params.yaml is the one that a clone begins with.
    """
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    names = [name for name in listed.stdout.split("\0") if (root / name).is_file()]
    files = {name: root / name for name in names if name != "dvc.lock" and _is_ours(name)}
    return files | {EXPERIMENT: root / "pipelines" / "recipes" / "digits.yaml"}


def _is_ours(name: str) -> bool:
    return name.split("/")[0] not in USERS or name.endswith(OURS)


def copy_checkout(target: Path) -> Path:
    """A fresh clone with the uncommitted changes of its code, committed, since `dvc exp` needs a commit."""
    for name, file in files_of(ROOT).items():
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(file, target / name, follow_symlinks=False)
    plots_page = ".dvc/plots/offline.html"
    if (ROOT / plots_page).exists():
        shutil.copy2(ROOT / plots_page, target / plots_page)
    commit(target, "start")
    return target


def copy_set_to_shapes(target: Path, competition: Path, workers: int) -> Path:
    """A copy of this checkout for the competition drawn into the other folder: two folds of two short epochs.
    Nothing has run in it."""
    copy_checkout(target)
    draw_competition(competition)
    (target / "pipelines/competitions/shapes.yaml").write_text(CARD.format(source=competition))
    params = yaml.safe_load((target / "params.yaml").read_text())
    params |= {"competition": "shapes", "folds": [0, 1]}
    params["split"]["count"] = 2
    params["train"] |= {"epochs": 2, "batch_size": 16, "micro_batch_size": 16, "workers": workers}
    statistics = {"kind": "update_bn", "batches": 2}
    params["train"]["soup"] = {"kind": "last_epochs", "epochs": 2, "statistics": statistics}
    params["predict"] |= {"views": ["identity", "soup+horizontal_flip"], "workers": workers}
    (target / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(target, "shapes")
    return target


def commit(checkout: Path, message: str) -> None:
    configured = [["config", "user.name", "test"], ["config", "user.email", "test@localhost"]]
    for command in (["init", "-q"], *configured, ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", message]):
        subprocess.run(["git", *command], cwd=checkout, check=True, capture_output=True)


def environment(checkout: Path, **more: str) -> dict[str, str]:
    """This process's, with the virtual environment first on the path, and the copy's own DVC state and home."""
    home = checkout / ".home"
    home.mkdir(exist_ok=True)
    users = ("KAGGLE_", "DVC_", "XDG_", "FOLDLINE_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(users)}
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
