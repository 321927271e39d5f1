"""Make a project's folder: all that `dvc repro` needs in it, with git and DVC initialised and one commit.

Writes dvc.yaml and submissions/dvc.yaml (the stages), params.yaml (the experiment: of SLUG, or the embedded competition
`digits`), pipelines/competitions/ (cards, and functions that they name) and pipelines/recipes/ (experiments worth
starting from), which are yours to change, and the empty folders input/own/ and input/weights/.
The code is the installed package: with a new version of it, stages whose code means something else run again.

foldline init dogs --competition dog-breed-identification
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from foldline.card.card import refuse_absent_card
from foldline.files.refusal import Refusal
from foldline.files.whole_files import whole_folder
from pipelines.answers import Answer
from pipelines.plots_page import write_page
from pipelines.running import parser, run

PACKAGE = Path(__file__).parent
FILES = {
    "dvc.yaml": "project/chain.yaml",
    "submissions/dvc.yaml": "project/upload.yaml",
    ".gitignore": "project/gitignore",
    ".dvcignore": "project/dvcignore",
    ".dvc/config": "project/dvc_config",
    ".dvc/plots/folds.json": "project/folds.json",
    "params.yaml": "recipes/digits.yaml",
}
"""Of a project, in the package. None is called dvc.yaml there: DVC would take it for a part of our own repository."""
FOLDERS = ("pipelines/competitions", "pipelines/recipes")
EMPTY = ("input", "input/own", "input/weights")
FIRST_LOOK = "dvc repro download && foldline doctor --write params.yaml"
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


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("folder", metavar="DIR", type=Path, help="the folder to make, or an empty one")
    arguments.add_argument("--competition", metavar="SLUG", help="whose card there is (default: digits, embedded)")
    given = arguments.parse_args()
    folder: Path = given.folder.resolve()
    refuse_occupied(folder)
    slug = given.competition or "digits"
    card = PACKAGE / "competitions" / f"{slug}.yaml"
    refuse_absent_card(card)
    with whole_folder(folder) as partial:
        call(partial, "git", "init", "--quiet")
        call(partial, sys.executable, "-m", "dvc", "init", "--quiet")
        fill(partial)
        if given.competition is not None:
            write_experiment(partial / "params.yaml", card)
        commit_all(partial)
    begin = "dvc repro submissions/dvc.yaml" if slug == "digits" else FIRST_LOOK
    following = f"cd {shlex.quote(str(given.folder))} && {begin}"
    print(f"{given.folder}: a project for {slug}\nnext: {following}")
    return {"folder": folder, "competition": slug, "next": following}


def refuse_occupied(folder: Path) -> None:
    if folder == Path.cwd():
        raise Refusal("DIR is the working folder, and init makes one. Go a folder up, and name it from there.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal(f"{folder} is there and is not empty; nothing was written. Name a new folder.")


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


def write_experiment(params: Path, card: Path) -> None:
    """The first experiment for this card, as the doctor writes it before the download."""
    # Seconds of start-up, for those who name a competition.
    from foldline.card.card import read_card
    from foldline.doctor.first_experiment import UNKNOWN
    from pipelines.doctor import experiment_text

    params.write_text(experiment_text(read_card(card), UNKNOWN), encoding="utf-8")


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


if __name__ == "__main__":
    run(main)
