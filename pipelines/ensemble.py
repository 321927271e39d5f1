"""Combine all models' predictions: steps are fitted on out-of-fold rows, and applied where their gain is real.

Reads rows.parquet, targets.npy, classes.json, folds.csv, and of each listed fold and seed predict/fold<k>/seed<s>/ and
train/fold<k>/seed<s>/history.csv; writes ensemble/: out_of_fold.npy (each row through steps fitted without its fold),
test.npy (the mean over folds), what they were rounded from (out_of_fold_scores.npy, test_scores.npy), ids.parquet,
classes.json, metrics.json, gains.csv, history.csv. The seeds are the members that `ensemble.method` weighs; of each, a
fold has one model.
Parameters: `folds`, `train.seeds`, `ensemble`; card: `target`, `metric`, `submission`.

python -m pipelines.ensemble
"""

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.ensembling import Ensemble, ensemble_plan, write_ensemble
from foldline.ensembling.members import models_of, read_predicted
from foldline.ensembling.row_sources import fit_steps
from foldline.ensembling.scoring import Scorer, ensemble_metrics, gains_metrics, write_gains
from foldline.files.places import ALL_ROWS, FoldName
from foldline.files.whole_files import numbers_folder, write_json
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric
from foldline.training.history import join_histories, read_history, write_history
from pipelines.answers import Answer
from pipelines.gains import print_gains
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, target = settings.places, settings.fact("target", Target)
    folds, seeds = settings.section("folds", tuple[FoldName, ...]), settings.section("train.seeds", tuple[int, ...])
    models, predicted = models_of(folds, seeds), read_predicted(places, folds, seeds, target)
    submission = settings.fact("submission", Submission)
    rule = rule_of(submission.default_rule(target, predicted.classes, predicted.width))
    scorer = Scorer(settings.fact("metric", Metric).of(predicted.classes), rule)
    plan = ensemble_plan(settings.section("ensemble", Ensemble), predicted, scorer)
    chain = fit_steps(plan.steps, plan.source, "ensemble")
    gains = [*chain.whole.gains, *plan.left_out]
    histories = {model: read_history(places.trained(*model) / "history.csv") for model in models}
    with numbers_folder(places.ensemble) as folder:
        means = write_ensemble(folder, plan, predicted, chain)
        metrics = ensemble_metrics(scorer, predicted.targets, means) | {"gains": gains_metrics(gains)}
        write_json(folder / "metrics.json", metrics)
        write_gains(folder / "gains.csv", gains)
        write_history(folder / "history.csv", join_histories(histories))
    print_gains(gains)
    whose, score = f"folds {metrics['folds']} x seeds {sorted(seeds)}", f"{metrics['metric']} {metrics['score']}"
    print(f"ensemble of {whose}: out-of-fold {score} on {metrics['rows']} rows")
    for fold, seed in (model for model in models if model[0] in ALL_ROWS):
        print(f"fold {fold}, seed {seed}: in the test predictions, without out-of-fold rows, so without a score")
    return metrics


if __name__ == "__main__":
    run(main)
