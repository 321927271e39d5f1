"""A notebook that trains folds on Kaggle: a flat folder with the project, foldline's wheel, and the cells."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from foldline.bundle.kaggle_files import dataset_metadata, kernel_metadata, slug_of, verifying, write_unlisted
from foldline.bundle.own_wheel import write_wheel
from foldline.bundle.training_inputs import Trainings, inputs_of
from foldline.files.equal_zips import write_archive
from foldline.files.places import CODE, OWN, FoldName, Places, card_file
from foldline.files.sums import SUMS, write_sums
from foldline.files.whole_files import sha256, whole_folder, write_json

PROJECT, INPUTS_FILE, CODE_FILE = "project.foldline", "inputs.json", "train.ipynb"
"""The project is a zip under a name that Kaggle leaves whole."""
INSTALL = """\
import time

BEGUN = time.time()
(wheel,) = BUNDLE.glob("foldline-*.whl")
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", str(wheel)], check=True)
"""
TRAIN = """\
# One process per GPU. What is trained, and the checkpoints of what is not, become this version's output.
hours = {hours} - (time.time() - BEGUN) / 3600
command = [sys.executable, "-m", "pipelines.notebook_session", "--bundle", BUNDLE, "--inputs", INPUTS]
command += ["--working", WORKING, "--hours", str(hours)]
subprocess.run(command, check=True, cwd=WORKING, env={{**os.environ, "FOLDLINE_PARENT": str(os.getpid())}})
"""
SAVING_HOURS = 0.25
"""Between the end of training and the session's limit: for starting, and for saving the output."""


def names_of(user: str, competition: str) -> tuple[str, str]:
    """The dataset and the notebook. Other names than a bundle's, and than each other's: both become inputs."""
    dataset = slug_of(f"project-{competition}")
    return f"{user}/{dataset}", f"{user}/{slug_of(f'train-{competition}')}"


def write_training_notebook(places: Places, user: str, trainings: Trainings, hours: float) -> tuple[str, str]:
    """Write `places.notebook`; the names of the dataset and the notebook.

    The project's tables are up to date. hours: after which training stops, with its checkpoints.
    """
    dataset, notebook = names_of(user, places.slug)
    with whole_folder(places.notebook) as folder:
        write_wheel(folder)
        write_json(folder / INPUTS_FILE, inputs_of(places, trainings), hashed=False)
        folds: list[FoldName] = [fold for fold, _ in trainings]
        write_archive(folder / PROJECT, ((name.as_posix(), name.read_bytes()) for name in _project(places, folds)))
        write_sums(folder)
        content = _notebook(places.slug, dataset, sha256(folder / SUMS), hours)
        kernel = _kernel_metadata(dataset, notebook, places.slug)
        write_unlisted(folder, content, dataset_metadata(*dataset.split("/")), kernel)
    return dataset, notebook


def _project(places: Places, folds: Sequence[FoldName]) -> list[Path]:
    """All files that training and prediction read, but the pixels, which are made anew of the competition's."""
    card = card_file(places.slug)
    tables = [places.rows, places.targets, places.images, places.classes, places.pixels, places.folds, places.training]
    told = [Path("params.yaml"), Path("dvc.yaml"), Path("submissions/dvc.yaml"), CODE, places.weights, places.dry_run]
    own = [*card.parent.glob("*.py"), *OWN.rglob("*"), *(places.pretext.parent.rglob("*"))]
    chosen = [path for path in own if path.is_file() and "__pycache__" not in path.parts]
    learned = {places.pretext_choice(fold) for fold in folds}
    kept = [path for path in chosen if places.pretext.parent not in path.parents or learned & {*path.parents}]
    return sorted({*tables, *told, card, *kept})


def _notebook(competition: str, dataset: str, sums: str, hours: float) -> dict[str, Any]:
    about = (
        f"# {competition}\n\nTrains folds of the project in the dataset `{dataset}`, which `foldline notebook` made, "
        f"for {hours:g} hours; its next version goes on. `foldline collect` takes the output home.\n"
    )
    return verifying(about, dataset, sums, INSTALL, TRAIN.format(hours=hours))


def _kernel_metadata(dataset: str, notebook: str, competition: str) -> dict[str, Any]:
    """It needs the network, for the packages that the image lacks; and its own output, to go on from."""
    user, slug = notebook.split("/")
    common = kernel_metadata(user, slug, competition, CODE_FILE, None)
    return common | {"enable_internet": True, "dataset_sources": [dataset], "kernel_sources": [notebook]}
