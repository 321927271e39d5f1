"""Predict a competition's test set by a bundle of models, and write its submission: what a bundle's notebook calls.

Reads the folder BUNDLE, and below INPUTS the competition's files, loose or in archives. Writes FILE, which is read back
and checked before it takes its place, and prediction.json next to it: how many rows, which pictures could not be read,
the seconds. A picture that cannot be read is predicted as a blank one. Needs no params.yaml, no DVC and no network.

python -m pipelines.bundled --bundle BUNDLE --inputs INPUTS --out FILE
"""

import time
from pathlib import Path

from foldline.bundle.bundles import opened, predictions, read_bundle
from foldline.bundle.new_rows import MOST_NAMED, competition_folder, competition_rows, decode
from foldline.bundle.packages import refuse_unmet
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.missing_images import describe_unreadable, unreadable_files
from foldline.competition.submission_check import check_submission
from foldline.competition.submission_file import write_submission
from foldline.files.refusal import counted
from foldline.files.whole_files import whole_file, write_json
from pipelines.answers import Answer
from pipelines.bundled_models import predict_all
from pipelines.running import parser, run

RECORD = "prediction.json"


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--bundle", type=Path, required=True, help="the folder of the bundle's files")
    arguments.add_argument("--inputs", type=Path, required=True, help="the folder below which the competition lies")
    arguments.add_argument("--out", type=Path, required=True, help="the csv to write")
    wish = arguments.parse_args()
    started, out, bundle = time.monotonic(), wish.out.absolute(), read_bundle(wish.bundle)
    described = bundle.described
    competition = competition_folder(wish.inputs.absolute(), described.slug)
    form, target = described.fact("submission", Submission), described.fact("target", Target)
    with opened(bundle) as places:
        new, sample = competition_rows(competition, described, places.archives)
        refuse_unmet(new.images["path"])
        images = decode(new, described, places)
        decoded = time.monotonic()
        predict_all(bundle, places)
        predicted = time.monotonic()
        with whole_file(out) as partial:
            write_submission(partial, sample, predictions(bundle, places), described.rule, form, target)
            check_submission(partial, sample, form, form.sums_to_one(target))
    unreadable = unreadable_files(images)
    seconds = {"decoding": decoded - started, "models": predicted - decoded, "rest": time.monotonic() - predicted}
    answer = {"submission": out, "lines": len(sample.ids), "rows": len(new.rows), "images": len(images)}
    answer |= {
        "unreadable": unreadable["path"].tolist()[:MOST_NAMED],
        "seconds": {key: round(one, 2) for key, one in seconds.items()},
    }
    write_json(out.with_name(RECORD), {**answer, "submission": out.name}, hashed=False)
    if len(unreadable):
        print(f"{counted(len(unreadable), 'picture', 'pictures')} predicted as blank: {describe_unreadable(images)}")
    print(f"{out}: {len(sample.ids)} lines, by {counted(len(bundle.models), 'model', 'models')}; valid")
    return answer


if __name__ == "__main__":
    run(main)
