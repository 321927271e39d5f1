"""Look at a competition before the first experiment: what its card makes of its data, and what looks wrong.

Reads the card and the archives in input/<slug>. Prints what files there are, what was understood (rows, images, sizes,
channels, target, group, metric, submission), what is suspicious (missing and unreadable files, pictures that stand
there twice, also in train and test, sizes that differ between train and test, uneven classes), and a first params.yaml
for this card, or writes that.
Every image is decoded once, into work/<slug>/doctor, which may be removed. Before the download the card alone counts.

foldline doctor --competition dog-breed-identification --write params.yaml
"""

from pathlib import Path
from typing import Any

import yaml

from foldline.card.answers import refuse_unscorable_card
from foldline.card.card import Card, read_card
from foldline.doctor.diagnosis import pictures_of
from foldline.doctor.first_experiment import UNKNOWN, Pictures, first_experiment
from foldline.experiment.fitting import refuse_unfit
from foldline.experiment.params import Params
from foldline.files.whole_files import whole_file
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from pipelines.answers import Answer
from pipelines.examination import examine, print_contents, print_examination
from pipelines.running import parser, run, settings_of

RECIPE = Path(__file__).parent / "recipes" / "dog-breed-resnet152.yaml"


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--competition", metavar="SLUG", help="a card's slug (default: that of params.yaml)")
    arguments.add_argument("--write", type=Path, metavar="FILE", help="write the first params.yaml to FILE")
    given = arguments.parse_args()
    settings = settings_of(given.competition)
    card, pictures, following = read_card(settings.card), UNKNOWN, "dvc repro download, then the doctor again"
    is_there = settings.places.manifest.exists()
    said: dict[str, Any] = {"competition": card.slug}
    if is_there:
        said["files"] = print_contents(settings.places)
    # What the data say of a card that contradicts itself names another cause.
    refuse_unscorable_card(card)
    if is_there:
        examination = examine(card, settings.places)
        pictures, following = pictures_of(examination.images), "dvc repro"
        said |= print_examination(examination)
        if examination.images["error"].notna().any():
            following = "correct the card, or set prepare.unreadable_share as said above; then dvc repro"
    text = experiment_text(card, pictures)
    if given.write is None:
        print(f"\nA first params.yaml:\n\n{text}")
    else:
        with whole_file(given.write) as partial:
            partial.write_text(text)
        print(f"{given.write}: a first experiment")
    print(f"next: {following}")
    return {**said, "experiment": yaml.safe_load(text), "written": given.write, "next": following}


def experiment_text(card: Card, pictures: Pictures) -> str:
    """A first params.yaml for `card`. Raises Refusal when it does not fit the card."""
    experiment = first_experiment(read_yaml(RECIPE), card, pictures)
    refuse_unfit(parse(experiment, Params, "the first experiment"), card)
    return yaml.safe_dump(experiment, sort_keys=False, default_flow_style=None, width=120)


if __name__ == "__main__":
    run(main)
