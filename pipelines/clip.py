"""Return the ensemble's probabilities to rows within bounds, and say what that is worth on the out-of-fold rows.

Reads rows.parquet, classes.json and ensemble/; writes clip/: out_of_fold.npy, test.npy, ids.parquet, classes.json,
metrics.json, gains.csv. Where clipping cannot help the metric, the predictions stay as they are.
Parameters: `clip`; card: `target`, `metric`.

python -m pipelines.clip
"""

from foldline.cards.metric import Metric
from foldline.cards.submission import Submission
from foldline.cards.target import Target
from foldline.competition.decisions.rules import default_rule, write_rule
from foldline.competition.metrics import metric_of
from foldline.competition.targets import encode
from foldline.config.clip import Clip
from foldline.files import whole_folder, write_json
from foldline.predictions.clipping import bounds_for, clip_gain, fill_clipped
from foldline.predictions.coverage import train_rows
from foldline.predictions.gains import gains_table
from foldline.predictions.scoring import clip_metrics, score_folds
from foldline.tables.classes import read_classes
from foldline.tables.gains import write_gains
from foldline.tables.probabilities import create_like, read_probabilities
from foldline.tables.rows import read_rows
from pipelines.running import parser, read_settings, run


def main() -> None:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, metric = settings.places, metric_of(settings.fact("metric", Metric))
    target = settings.fact("target", Target)
    means = read_probabilities(places.ensemble)
    rows = train_rows(read_rows(places.rows), means.out_of_fold_ids)
    targets = encode(rows, read_classes(places.classes), target)
    rule = default_rule(target, settings.fact("submission", Submission), means.classes, means.test.shape[1])
    bounds = bounds_for(settings.section("clip", Clip), metric, len(means.classes))
    with whole_folder(places.clipped) as folder:
        clipped = create_like(means, folder)
        fill_clipped(clipped.out_of_fold, means.out_of_fold, bounds, "out-of-fold rows")
        fill_clipped(clipped.test, means.test, bounds, "test rows")
        before, after = (score_folds(metric, targets, part.out_of_fold, means.folds) for part in (means, clipped))
        gain = clip_gain(bounds, metric, before, after)
        write_json(folder / "metrics.json", clip_metrics(metric, before, after, len(targets)))
        write_rule(folder / "rule.json", rule)
        write_gains(folder / "gains.csv", gains_table([gain]))
    print(f"clip: out-of-fold {metric.name} {before.pooled:.6f} -> {after.pooled:.6f}. {gain.verdict}")


if __name__ == "__main__":
    run(main)
