"""Keep probabilities within bounds, choose the rule that makes answers of them, and say what each step is worth.

Reads rows.parquet, targets.npy, classes.json, folds.csv and ensemble/; writes clip/: out_of_fold.npy (each row through
steps fitted without its fold), test.npy, ids.parquet, classes.json, rule.json, metrics.json, gains.csv. A step that
cannot help the metric is left out.
Parameters: `clip`; card: `target`, `metric`, `submission`.

python -m pipelines.clip
"""

from foldline.card.description import read_classes
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.clipping import (
    NAME,
    Clip,
    clip_steps,
    fill_clipped,
    fill_cross_fitted,
    fit_clip,
    judge_of,
    rows_of,
    score_clipped,
)
from foldline.ensembling.coverage import clusters_of
from foldline.ensembling.gains import gains_metrics, gains_table, write_gains
from foldline.ensembling.probabilities import create_like, read_probabilities
from foldline.ensembling.scoring import clip_metrics, score_folds
from foldline.files.rows import places_of, read_rows, read_targets
from foldline.files.whole_files import whole_folder, write_json
from foldline.folds.folds_table import read_folds
from foldline.metrics.decisions.rules import rule_of, write_rule
from foldline.metrics.metric import Metric
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run
from pipelines.summary import print_gains


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, target, fact = settings.places, settings.fact("target", Target), settings.fact("metric", Metric)
    means, classes = read_probabilities(places.ensemble), read_classes(places.classes)
    rows = read_rows(places.rows)
    targets = read_targets(places.targets, rows, classes)[places_of(rows, means.out_of_fold_ids)]
    targets = target.graded(targets, means.folds, classes)
    submission = settings.fact("submission", Submission)
    rule = rule_of(submission.default_rule(target, classes, means.test.shape[1]))
    judge = judge_of(fact, rule, classes)
    steps, left_out = clip_steps(settings.section("clip", Clip), means.form, classes, rule, fact, targets)
    chain = fit_clip(steps, means, targets, clusters_of(read_folds(places.folds), means.out_of_fold_ids))
    gains = [*chain.gains, *left_out]
    with whole_folder(places.clipped) as folder:
        clipped = create_like(means, folder)
        fill_cross_fitted(clipped.out_of_fold, rows_of(means.out_of_fold), means.folds, chain)
        fill_clipped(clipped.test, rows_of(means.test), chain.whole)
        before = score_folds(judge.metric, targets, judge.answers(means.out_of_fold), means.folds)
        after = score_clipped(judge, targets, clipped, chain)
        metrics = clip_metrics(judge.metric, before, after, len(targets)) | {"gains": gains_metrics(gains)}
        write_json(folder / "metrics.json", metrics)
        write_rule(folder / "rule.json", chain.whole.setting(NAME, rule))
        write_gains(folder / "gains.csv", gains_table(gains))
    print_gains(gains_table(gains))
    print(f"clip: out-of-fold {metrics['metric']} {metrics['score_before']} -> {metrics['score']}")
    return metrics


if __name__ == "__main__":
    run(main)
