"""Write the submission in the exact form of the competition's sample submission, and check it as a grader would.

Reads work/<slug>/clip (predictions, and the rule that turns them into answers) and the sample submission in
input/<slug>. Writes submissions/<slug>/submission.csv, which is
read back and checked before it takes its place; and saves the run, in work/<slug>/runs/ (`foldline runs`).
Card: submission, target.
"""

from foldline.archive.archives import open_archives
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.sample import read_sample
from foldline.competition.submission_check import check_submission
from foldline.competition.submission_file import write_submission
from foldline.ensembling.predictions import read_predictions
from foldline.ensembling.saved_runs import save_run
from foldline.files.dvc_records import seconds_of_dvc
from foldline.files.lasting import lasting_places
from foldline.files.refusal import counted
from foldline.files.whole_files import whole_file
from foldline.metrics.decisions.rules import read_rule
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run
from pipelines.summary import print_summary


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places = settings.places
    form, target = settings.fact("submission", Submission), settings.fact("target", Target)
    predictions, rule = read_predictions(places.clipped), read_rule(places.clipped / "rule.json")
    with open_archives(places.manifest) as archives:
        sample = read_sample(archives, form)
    with whole_file(places.submission) as partial:
        write_submission(partial, sample, predictions, rule, form, target)
        check_submission(partial, sample, form, form.sums_to_one(target))
    columns = counted(len(sample.columns), "column", "columns")
    print(f"{places.submission}: {len(sample.ids)} rows, {columns}; valid: matches {form.sample.name}")
    name = save_run(places, lasting_places(places.slug).runs, seconds_of_dvc(places.submission))
    print(f"saved as {name}   (foldline runs)")
    print_summary(places, next_command="dvc repro submissions/dvc.yaml   (uploads it, once)")
    written = {"submission": places.submission, "rows": len(sample.ids), "columns": list(sample.columns)}
    return {**written, "valid": True, "run": name}


if __name__ == "__main__":
    run(main)
