"""Look at a competition before the first experiment: what its card makes of its data, and what looks wrong.

Prints the files, what was understood, and warnings. Decodes every image once, into work/<slug>/doctor, which may be
removed. Before the download the card alone counts. With --page it writes the same as a page, with pictures: train rows
by their target, near-duplicates, images that cannot be read. With --write it also writes a first experiment: a recipe
in which the card, the data and this machine, whose speed it measures, decide what they can.

foldline doctor --competition dog-breed-identification --write params.yaml --minutes 60
"""

import argparse
from pathlib import Path
from typing import Any

from foldline.archive.archives import open_archives
from foldline.card.answers import refuse_unscorable_card
from foldline.card.card import Card, read_card
from foldline.doctor.contents import contents
from foldline.doctor.examination import Examination, examine
from foldline.experiment.budget import Costs
from foldline.experiment.chain import LOCK
from foldline.experiment.first_experiment import (
    MANY,
    MODEL_ON_CPU,
    MODEL_ON_GPU,
    UNKNOWN,
    experiment_text,
    first_experiment,
    of_length,
    on_this_machine,
    typical_image,
)
from foldline.files.places import Places
from foldline.files.refusal import Refusal, counted
from foldline.files.whole_files import write_text
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.training.train_section import Train
from pipelines.answers import Answer
from pipelines.download import KEEP
from pipelines.running import parser, run, settings_of
from pipelines.tables import print_table

RECIPE = Path(__file__).parent / "recipes" / "first-experiment.yaml"


def main() -> Answer:
    given = arguments()
    settings = settings_of(given.competition)
    card, places = read_card(settings.card), settings.places
    said: dict[str, Any] = {"competition": card.slug}
    found, following = None, "dvc repro download, then the doctor again"
    if not places.manifest.exists():
        refuse_unscorable_card(card)
    else:
        with open_archives(places.manifest) as archives:
            said["files"] = dict(contents(archives))
        print_table(f"Files in {places.archives}", said["files"])
        refuse_unscorable_card(card)  # after the files, which may name another cause
        found = examine(card, places)
        print_table(card.title, found.facts)
        print("Warnings:" if found.warnings else "No issues found.", *found.warnings, sep="\n- ")
        said |= {"understood": found.facts, "warnings": found.warnings}
        following = f"foldline doctor --competition {card.slug} --write params.yaml"
    if given.page is not None:
        said["page"] = write_page(places.examination if given.page == Path() else given.page, card, found)
    if given.write is not None:
        said |= write_experiment(given, card, found)
        following = first_run(places) if found is not None else following
    if found is not None and found.images["error"].notna().any():
        following = f"correct the card, or set prepare.max_unreadable_fraction as said above; then {following}"
    print(f"\nnext: {following}")
    return {**said, "written": given.write, "next": following}


def first_run(places: Places) -> str:
    """DVC empties the folder of a download before it runs it, unless it was told of what lies there."""
    locked = read_yaml(LOCK)["stages"].get("download", {}) if LOCK.exists() else {}
    is_known = str(places.archives) in (out["path"] for out in locked.get("outs", ()))
    return "dvc repro" if is_known else f"{KEEP} && dvc repro"


def arguments() -> argparse.Namespace:
    script = parser(__doc__)
    script.add_argument("--competition", metavar="SLUG", help="a card's slug (default: that of params.yaml)")
    script.add_argument("--write", type=Path, metavar="FILE", help="write a first experiment to FILE (params.yaml)")
    page = "write a page with pictures, to FILE (work/<slug>/doctor.html)"
    script.add_argument("--page", type=Path, nargs="?", const=Path(), metavar="FILE", help=page)
    script.add_argument("--model", help=f"timm's name for it (default: {MODEL_ON_GPU}; without a GPU {MODEL_ON_CPU})")
    length = script.add_mutually_exclusive_group()
    length.add_argument("--epochs", type=int, metavar="N", help="how long each fold is trained")
    length.add_argument(
        "--minutes", type=float, metavar="M", help="how long it may take here: decides folds and epochs"
    )
    given = script.parse_args()
    if given.write is None and (given.model, given.epochs, given.minutes) != (None, None, None):
        script.error("--model, --epochs and --minutes are of the experiment that --write FILE writes")
    return given


def write_page(path: Path, card: Card, found: Examination | None) -> Path:
    """`found`: None before the download, where there is nothing to show."""
    from pipelines.doctor_page import write_doctor_page  # Heavy, and without a page none of it is needed.

    if found is None:
        raise Refusal("--page: there is nothing to show yet. Run `dvc repro download` first.")
    write_doctor_page(path, card, found)
    print(f"{path}: the same, with pictures")
    return path


def write_experiment(given: argparse.Namespace, card: Card, found: Examination | None) -> dict[str, Any]:
    """`found`: None before the download. Raises Refusal where no fold can be held back, or the minutes are too few."""
    from foldline.training.speed import has_gpu, measure_speed  # Heavy, and to look at data needs none of it.

    if found is None and given.minutes is not None:
        raise Refusal("--minutes: how long it takes depends on the data. Run `dvc repro download` first.")
    image, rows = (UNKNOWN, MANY) if found is None else (typical_image(found.images), found.train_rows)
    model = given.model or (MODEL_ON_GPU if has_gpu() else MODEL_ON_CPU)
    first = first_experiment(read_yaml(RECIPE), card, image, model, rows)
    count, views = first["split"]["count"], len(first["predict"]["views"])
    experiment = of_length(first, count, first["train"]["epochs"] if given.epochs is None else given.epochs, rows)
    train = parse(experiment["train"], Train, "--model, --epochs")
    height, width = (experiment["prepare"][f"{side}_pixels"] for side in ("height", "width"))
    print(f"\nTiming {model} on this machine.", flush=True)
    speed = measure_speed(train, height, width, card.layout.channels)
    facts = {
        "model": f"{model}, {height} x {width} pixels, {speed.precision}",
        "speed": f"{speed.learned:.0f} images a second in training, {speed.predicted:.0f} in prediction",
    }
    said: dict[str, Any] = {"model": model, "precision": speed.precision}
    if found is not None:
        costs = Costs(found.train_images, found.test_images, speed.learned, speed.predicted, count, views)
        length = costs.of(count, train.epochs) if given.minutes is None else costs.within(given.minutes)
        experiment = of_length(first, length.folds, length.epochs, rows)
        each = f"{counted(length.epochs, 'epoch', 'epochs')} each" if length.epochs else "a linear head alone"
        facts["length"] = f"{length.folds} of {count} folds, {each}: {length.words}"
        said["seconds"] = length.seconds
    experiment = on_this_machine(experiment, speed.precision, speed.workers)
    write_text(given.write, experiment_text(experiment))
    print_table(f"{given.write}: a first experiment", facts)
    return {**said, "experiment": experiment}


if __name__ == "__main__":
    run(main)
