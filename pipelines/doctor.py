"""Look at a competition before the first experiment: what its card makes of its data, and what looks wrong.

Prints the files, what was understood, warnings, and a first params.yaml, and writes it. Decodes every image once, into
work/<slug>/doctor, which may be removed. Before the download the card alone counts.

foldline doctor --competition dog-breed-identification --write params.yaml
"""

from pathlib import Path
from typing import Any

import yaml

from foldline.archive.archives import open_archives
from foldline.card.answers import refuse_unscorable_card
from foldline.card.card import read_card
from foldline.doctor.contents import contents
from foldline.doctor.examination import examine
from foldline.experiment.first_experiment import MANY, UNKNOWN, experiment_text, typical_image
from foldline.files.whole_files import write_text
from pipelines.answers import Answer
from pipelines.running import parser, run, settings_of
from pipelines.tables import print_table

RECIPE = Path(__file__).parent / "recipes" / "dog-breed-resnet152.yaml"


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--competition", metavar="SLUG", help="a card's slug (default: that of params.yaml)")
    arguments.add_argument("--write", type=Path, metavar="FILE", help="write the first params.yaml to FILE")
    given = arguments.parse_args()
    settings = settings_of(given.competition)
    card, places = read_card(settings.card), settings.places
    said: dict[str, Any] = {"competition": card.slug}
    image, rows, following = UNKNOWN, MANY, "dvc repro download, then the doctor again"
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
        image, rows, following = typical_image(found.images), found.train_rows, "dvc repro"
        if found.images["error"].notna().any():
            following = "correct the card, or set prepare.max_unreadable_fraction as said above; then dvc repro"
    text = experiment_text(RECIPE, card, image, rows)
    if given.write is not None:
        write_text(given.write, text)
    print(f"\nA first params.yaml:\n\n{text}")
    print(f"next: {following}")
    return {**said, "experiment": yaml.safe_load(text), "written": given.write, "next": following}


if __name__ == "__main__":
    run(main)
