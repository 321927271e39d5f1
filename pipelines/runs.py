"""List all finished runs of the competition: what was changed, what it scored, and whether the best is really better.

Runs are DVC experiments, commits that changed dvc.lock, and saved runs: whenever a chain comes to its end, `format`
saves it in work/<slug>/runs/, under a name made of its parameters, predictions and scores: nothing is saved twice. All
are kept; their files are hard links to those of DVC's cache. `compare` and `blend` take each by its name.
changed: against the commit's params.yaml (or the first run's, where that is of another competition).
gain: against the best of those with the most folds, positive where it is better. `real` or `not yet`: the 95 % interval
over the folds that both have (Student's t); `foldline compare` looks at the rows, too, and is remembered here.
minutes: of the DVC command that finished it; what lay in DVC's cache took none.
Reads work/<slug>/runs/, git, DVC's cache, submissions/ledger.csv. Writes nothing.

foldline runs
foldline runs --remove NAME     a saved run; DVC's experiments go by `dvc exp remove`
"""

from datetime import UTC, datetime

from foldline.ensembling.finished_runs import base_params, finished_runs
from foldline.ensembling.saved_runs import remove_run
from foldline.ensembling.scoring import rounded_or_null
from foldline.ensembling.standings import Standing, best_run, standing
from foldline.kaggle.uploads import read_uploads
from foldline.params.differences import changes
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run
from pipelines.runs_table import Line, print_runs


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--remove", metavar="NAME", help="remove this saved run; nothing else of it is touched")
    removed: str | None = arguments.parse_args().remove
    places = read_settings().places
    if removed is not None:
        remove_run(places.runs, removed)
        print(f"removed the saved run {removed}")
        return {"removed": removed}
    runs = finished_runs(places)
    if not runs:
        print(f"No run of {places.slug} has come to its end yet: dvc repro")
        return {"runs": []}
    base, best = base_params(places.slug, runs), best_run(runs)
    scored = {one.run_id: one.public_score for one in read_uploads(places.ledger, places.slug)}
    lines = [
        Line(one, changes(one.params, base), best and standing(one, *best, places.compared), scored.get(one.csv))
        for one in runs
    ]
    print_runs(places.slug, lines)
    return {"best": best and best[0].name, "runs": [as_data(line) for line in lines]}


def as_data(line: Line) -> Answer:
    one, found = line.run, line.standing or Standing(None, "")
    return {
        "name": one.name,
        "names": list(one.names),
        "kind": one.kind,
        "made": datetime.fromtimestamp(one.made, UTC).isoformat(timespec="seconds"),
        "changed": line.changed,
        "metric": one.scores and one.scores.metric,
        "score": one.score,
        "standard_error": rounded_or_null(one.standard_error),
        "fold_scores": one.folds,
        "gain": None if found.gain is None else rounded_or_null(found.gain),
        "verdict": found.verdict,
        "evidence": found.evidence,
        "leaderboard": line.leaderboard,
        "minutes": None if one.seconds is None else round(one.seconds / 60, 1),
    }


if __name__ == "__main__":
    run(main)
