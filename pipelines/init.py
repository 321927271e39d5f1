"""Make a project's folder: all that `dvc repro` needs in it, with git and DVC initialised and one commit.

Writes dvc.yaml and submissions/dvc.yaml (the stages), params.yaml (the experiment: of SLUG, or the embedded competition
`digits`); below pipelines/, competitions/ (cards, and functions that they name), recipes/ (experiments to start from)
and studies/ (grids of them), which are yours to change; docs/ (the pages that messages name); and the empty folders
input/own/ and input/weights/.
The code is the installed package: with a new version of it, stages whose code means something else run again.

foldline init dogs --competition dog-breed-identification
"""

import shlex
import sys
from pathlib import Path

from foldline.card.card import refuse_absent_card
from foldline.files.refusal import Refusal
from foldline.files.whole_files import whole_folder
from pipelines.answers import Answer
from pipelines.project_files import PACKAGE, call, commit_all, fill
from pipelines.running import parser, run

EMBEDDED = "digits"
FIRST_LOOK = "dvc repro download && foldline doctor --write params.yaml"


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("folder", metavar="DIR", type=Path, help="the folder to make, or an empty one")
    arguments.add_argument("--competition", metavar="SLUG", default=EMBEDDED, help="whose card there is (digits)")
    given = arguments.parse_args()
    folder: Path = given.folder.resolve()
    refuse_occupied(folder)
    slug: str = given.competition
    card = PACKAGE / "competitions" / f"{slug}.yaml"
    refuse_absent_card(card)
    with whole_folder(folder) as partial:
        call(partial, "git", "init", "--quiet")
        call(partial, sys.executable, "-m", "dvc", "init", "--quiet")
        fill(partial)
        if slug != EMBEDDED:
            write_experiment(partial / "params.yaml", card)
        commit_all(partial)
    begin = "dvc repro submissions/dvc.yaml" if slug == EMBEDDED else FIRST_LOOK
    following = f"cd {shlex.quote(str(given.folder))} && {begin}"
    print(f"{given.folder}: a project for {slug}\nnext: {following}")
    return {"folder": folder, "competition": slug, "next": following}


def refuse_occupied(folder: Path) -> None:
    if folder == Path.cwd():
        raise Refusal("DIR is the working folder, and init makes one. Go a folder up, and name it from there.")
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Refusal(f"{folder} is there and is not empty; nothing was written. Name a new folder.")


def write_experiment(params: Path, card: Path) -> None:
    """The first experiment for this card, before the data and the machine are known."""
    # Seconds of start-up, for those who name a competition.
    from foldline.card.card import read_card
    from foldline.experiment.first_experiment import MODEL_ON_CPU, UNKNOWN, experiment_text, first_experiment
    from foldline.params.yaml_files import read_yaml
    from pipelines.doctor import RECIPE

    first = first_experiment(read_yaml(RECIPE), read_card(card), UNKNOWN, MODEL_ON_CPU)
    params.write_text(experiment_text(first), encoding="utf-8")


if __name__ == "__main__":
    run(main)
