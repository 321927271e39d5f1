"""Clip probabilities, fit the decision rule (thresholds, class weights), and estimate what each step gains.

Reads rows.parquet, targets.npy, classes.json, folds.csv and ensemble/; writes clip/: out_of_fold.npy (each row through
steps fitted without its fold), test.npy, ids.parquet, classes.json, rule.json, metrics.json, gains.csv; and score.json,
what `dvc exp show` compares experiments by. A step that cannot help the metric is left out.
Parameters: `clip`; card: `target`, `metric`, `submission`.

python -m pipelines.clip
"""

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.clipping import Clip, write_clipped
from foldline.ensembling.row_sources import Stored, StoredRows, fit_steps
from foldline.ensembling.runs import read_run
from foldline.ensembling.scales import stored_scale
from foldline.ensembling.scoring import Scorer, compared_numbers, rounded_or_null, score_folds, top_1_accuracy
from foldline.ensembling.steps import Context
from foldline.files.whole_files import write_json
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric
from pipelines.answers import Answer
from pipelines.gains import print_gains
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    target, ensemble = settings.fact("target", Target), read_run(".", settings.places, "ensemble")
    means, classes = ensemble.predictions, ensemble.predictions.classes
    targets = target.graded(ensemble.targets, means.folds, classes)
    submission = settings.fact("submission", Submission)
    rule = rule_of(submission.default_rule(target, classes, means.test.shape[1]))
    scorer = Scorer(settings.fact("metric", Metric).of(classes), rule)
    context = Context(stored_scale(means.form, len(classes)), scorer, len(classes))
    steps, left_out = settings.section("clip", Clip).steps(context, targets)
    source = StoredRows(targets, means.folds, ensemble.clusters, (Stored(means.out_of_fold),), (Stored(means.test),))
    chain = fit_steps(steps, source, "clip")
    before = score_folds(scorer.metric, targets, scorer.answers(means.out_of_fold), means.folds)
    metrics = write_clipped(
        settings.places.clipped, means, source, chain, scorer, left_out, score_before=rounded_or_null(before.pooled)
    )
    write_json(settings.places.score, compared_numbers(metrics, top_1_accuracy(targets, means)), hashed=False)
    print_gains([*chain.whole.gains, *left_out])
    print(f"clip: out-of-fold {metrics['metric']} {metrics['score_before']} -> {metrics['score']}")
    return metrics


if __name__ == "__main__":
    run(main)
