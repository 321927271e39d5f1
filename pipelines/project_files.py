"""The files of a project's folder, as `foldline init` puts them there, out of the installed package."""

import shutil
import subprocess
from pathlib import Path

from foldline.files.refusal import Refusal
from pipelines.plots_page import write_page

PACKAGE = Path(__file__).parent
PAGES = ("design", "first-experiment", "honesty", "metrics", "new-competition", "notebooks", "own-code", "studies")
FILES = {
    "dvc.yaml": "project/chain.yaml",
    "submissions/dvc.yaml": "project/upload.yaml",
    ".gitignore": "project/gitignore",
    ".dvcignore": "project/dvcignore",
    ".dvc/config": "project/dvc_config",
    ".dvc/plots/folds.json": "project/folds.json",
    "params.yaml": "recipes/digits.yaml",
    **{f"docs/{page}.md": f"project/{page}.md" for page in PAGES},
}
"""Of a project, in the package; docs/ holds the pages that messages name. None is called dvc.yaml there: DVC would take
it for a part of our own repository."""
FOLDERS = ("pipelines/competitions", "pipelines/recipes", "pipelines/studies")
EMPTY = ("input", "input/own", "input/weights")
OF_A_CHECKOUT = """\
    deps:
      - src
      - pipelines
"""
OF_A_PROJECT = """\
    # The code is the installed package, which DVC does not watch: so this stage, of a second, runs every time.
    always_changed: true
    deps:
      - pipelines
"""


def fill(project: Path) -> None:
    """All files; git and DVC are initialised."""
    for name, source in FILES.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(PACKAGE / source, project / name)
    for name in FOLDERS:
        shutil.copytree(PACKAGE / Path(name).name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in EMPTY:
        (project / name).mkdir(exist_ok=True)
        (project / name / ".gitkeep").touch()
    chain = (project / "dvc.yaml").read_text(encoding="utf-8")
    if OF_A_CHECKOUT not in chain:
        raise RuntimeError("dvc.yaml: the stage `code` does not depend on src and pipelines, as init expects")
    write_page(project / ".dvc/plots/offline.html")
    (project / "dvc.yaml").write_text(chain.replace(OF_A_CHECKOUT, OF_A_PROJECT), encoding="utf-8")


def commit_all(project: Path) -> None:
    """DVC compares experiments with commits, so there is one from the start."""
    call(project, "git", "add", "--all")
    known = subprocess.run(["git", "var", "GIT_COMMITTER_IDENT"], cwd=project, capture_output=True).returncode == 0
    author = [] if known else ["-c", "user.name=foldline", "-c", "user.email=foldline@localhost"]
    call(project, "git", *author, "commit", "--quiet", "--message", "A Foldline project")


def call(folder: Path, *command: str) -> None:
    try:
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    except FileNotFoundError:
        raise Refusal(f"{command[0]} is missing. Install it (Debian, Ubuntu: sudo apt install git).") from None
    if ended.returncode:
        raise Refusal(f"`{' '.join(command)}` failed: {ended.stderr.strip() or ended.stdout.strip()}")
