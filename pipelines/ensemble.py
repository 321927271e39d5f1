"""Average the listed folds' predictions: out-of-fold rows over views, test rows over views and folds; score them.

Reads rows.parquet, classes.json, folds.csv, and of each listed fold predict/fold<k>/ and train/fold<k>/history.csv;
writes ensemble/: out_of_fold.npy, test.npy, ids.parquet, classes.json, metrics.json, gains.csv, history.csv.
Parameters: `folds`, `ensemble`; card: `target`, `metric`.

python -m pipelines.ensemble
"""

from foldline.cards.metric import Metric
from foldline.cards.target import Target
from foldline.competition.metrics import metric_of
from foldline.competition.targets import encode
from foldline.config.ensemble import Ensemble
from foldline.files import whole_folder, write_json
from foldline.predictions.coverage import roster, train_rows
from foldline.predictions.ensembling import fill_out_of_fold, fill_test, member
from foldline.predictions.gains import gains_table
from foldline.predictions.scoring import ensemble_metrics
from foldline.tables.classes import read_classes
from foldline.tables.folds import read_folds
from foldline.tables.gains import write_gains
from foldline.tables.history import join_histories, read_history, write_history
from foldline.tables.logits import read_logits
from foldline.tables.probabilities import create_probabilities
from foldline.tables.rows import read_rows
from pipelines.running import parser, read_settings, run


def main() -> None:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, section = settings.places, settings.section("ensemble", Ensemble)
    run_folds = sorted(settings.section("folds", tuple[int, ...]))
    rows, classes = read_rows(places.rows), read_classes(places.classes)
    covered = roster(rows, read_folds(places.folds), run_folds)
    members = [member(fold, read_logits(places.predicted(fold)), covered, classes) for fold in run_folds]
    targets = encode(train_rows(rows, covered.out_of_fold_ids), classes, settings.fact("target", Target))
    histories = {fold: read_history(places.trained(fold) / "history.csv") for fold in run_folds}
    with whole_folder(places.ensemble) as folder:
        means = create_probabilities(folder, covered.out_of_fold_ids, covered.test_ids, covered.folds, classes)
        fill_out_of_fold(means.out_of_fold, members, covered, section.average)
        fill_test(means.test, members, section.average)
        metrics = ensemble_metrics(metric_of(settings.fact("metric", Metric)), targets, means.out_of_fold, means.folds)
        write_json(folder / "metrics.json", metrics)
        write_gains(folder / "gains.csv", gains_table([]))
        write_history(folder / "history.csv", join_histories(histories))
    print(
        f"ensemble of folds {run_folds}: out-of-fold {metrics['metric']} {metrics['score']} on {metrics['rows']} rows"
    )


if __name__ == "__main__":
    run(main)
