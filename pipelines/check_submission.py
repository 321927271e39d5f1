"""Check any submission's csv as the competition's grader would: rows, columns, values, the first offending line named.

Reads the csv, the card, the sample submission in input/<slug>, and, where `prepare` has written it, classes.json with
the labels that there are; writes nothing. No part of `dvc repro`.

foldline check-submission submissions/digits/submission.csv
foldline check-submission from-elsewhere.csv --card aptos2019-blindness-detection
"""

from pathlib import Path

from foldline.archive.archives import open_archives
from foldline.card.card import read_card
from foldline.card.description import read_classes
from foldline.competition.sample import read_sample
from foldline.competition.submission_check import check_submission
from foldline.files.refusal import counted
from pipelines.answers import Answer
from pipelines.running import parser, run, settings_of


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("file", type=Path, help="the csv to check")
    arguments.add_argument("--card", help="the competition's slug (default: `competition` of params.yaml)")
    given = arguments.parse_args()
    settings = settings_of(given.card)
    places, card = settings.places, read_card(settings.card)
    form = card.submission
    with open_archives(places.manifest) as archives:
        sample = read_sample(archives, form)
    names = card.target.answer_names(read_classes(places.classes)) if places.classes.exists() else None
    check_submission(given.file, sample, form, form.sums_to_one(card.target), names)
    compared = names is not None or not form.of_labels
    left_out = "" if compared else "; labels were not compared with the train rows': run `dvc repro prepare` first"
    columns = counted(len(sample.columns), "column", "columns")
    print(f"{given.file}: {len(sample.ids)} rows, {columns}; valid: matches {form.sample.name}{left_out}")
    return {
        "file": given.file,
        "rows": len(sample.ids),
        "columns": list(sample.columns),
        "valid": True,
        "labels_compared": compared,
    }


if __name__ == "__main__":
    run(main)
