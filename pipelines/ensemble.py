"""Make one set of predictions of all models': steps are fitted on out-of-fold rows, and kept where their gain is real.

Reads rows.parquet, classes.json, folds.csv, and of each listed fold and seed predict/fold<k>/seed<s>/ and
train/fold<k>/seed<s>/history.csv; writes ensemble/: out_of_fold.npy (each row through steps fitted without its fold),
test.npy (the mean over folds), ids.parquet, classes.json, metrics.json, gains.csv, history.csv. The seeds are the
members that `ensemble.method` weighs; of each, a fold has one model.
Parameters: `folds`, `train.seeds`, `ensemble`; card: `target`, `metric`, `submission`.

python -m pipelines.ensemble
"""

from itertools import product

from foldline.cards.metric import Metric
from foldline.cards.submission import Submission
from foldline.cards.target import Target
from foldline.competition.decisions.rules import default_rule
from foldline.competition.targets import encode, graded_targets
from foldline.config.ensemble import Ensemble
from foldline.files import whole_folder, write_json
from foldline.places import ALL_ROWS, FoldName
from foldline.predictions.answering import judge_of
from foldline.predictions.coverage import roster, train_rows
from foldline.predictions.ensemble_steps import ensemble_steps
from foldline.predictions.ensembling import fill_out_of_fold, fill_test, fit_ensemble
from foldline.predictions.gains import gains_table
from foldline.predictions.members import members_of
from foldline.predictions.scoring import ensemble_metrics
from foldline.tables.activations import form_of, width_of
from foldline.tables.classes import read_classes
from foldline.tables.folds import read_folds
from foldline.tables.gains import write_gains
from foldline.tables.history import join_histories, read_history, write_history
from foldline.tables.logits import read_logits
from foldline.tables.probabilities import create_probabilities
from foldline.tables.rows import read_rows
from pipelines.running import parser, read_settings, run
from pipelines.summary import print_gains


def main() -> None:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, section, target = settings.places, settings.section("ensemble", Ensemble), settings.fact("target", Target)
    listed = settings.section("folds", tuple[FoldName, ...])
    run_folds = sorted(fold for fold in listed if isinstance(fold, int))
    seeds = sorted(settings.section("train.seeds", tuple[int, ...]))
    rows, classes, folds = read_rows(places.rows), read_classes(places.classes), read_folds(places.folds)
    covered = roster(rows, folds, run_folds)
    names: list[FoldName] = [*run_folds, *(fold for fold in ALL_ROWS if fold in listed)]
    models = list(product(names, seeds))
    every = members_of(models, [read_logits(places.predicted(*model)) for model in models], covered, classes)
    members, of_all_rows = every[: len(run_folds) * len(seeds)], every[len(run_folds) * len(seeds) :]
    targets = encode(train_rows(rows, covered.out_of_fold_ids), classes, target)
    targets = graded_targets(targets, covered.folds, classes, target)
    histories = {model: read_history(places.trained(*model) / "history.csv") for model in models}
    form = form_of(members[0].activation)
    rule = default_rule(target, settings.fact("submission", Submission), classes, width_of(form, len(classes)))
    judge = judge_of(settings.fact("metric", Metric), rule)
    steps, left_out = ensemble_steps(section, [f"seed {seed}" for seed in seeds], form, judge)
    chain = fit_ensemble(steps, members, covered, targets, section.average)
    gains = gains_table([*chain.gains, *left_out])
    with whole_folder(places.ensemble) as folder:
        means = create_probabilities(folder, covered.out_of_fold_ids, covered.test_ids, covered.folds, classes, form)
        fill_out_of_fold(means.out_of_fold, members, covered, section.average, chain)
        fill_test(means.test, [*members, *of_all_rows], section.average, form, chain.whole)
        metrics = ensemble_metrics(judge, targets, means)
        write_json(folder / "metrics.json", metrics)
        write_gains(folder / "gains.csv", gains)
        write_history(folder / "history.csv", join_histories(histories))
    print_gains(gains)
    whose, score = f"folds {run_folds} x seeds {seeds}", f"{metrics['metric']} {metrics['score']}"
    print(f"ensemble of {whose}: out-of-fold {score} on {metrics['rows']} rows")
    for one in of_all_rows:
        print(f"{one.name}: in the test predictions, without out-of-fold rows, so without a score")


if __name__ == "__main__":
    run(main)
