"""Blend several finished runs on the same rows into one submission, as `ensemble.method` and `clip` say.

A RUN is a DVC experiment, a git revision or a folder (`.` is the working folder). Reads of each run ensemble/,
rows.parquet, targets.npy, classes.json and folds.csv; the sample submission; of params.yaml `competition`, `ensemble`
and `clip`; of the card `target`, `metric` and `submission`. Writes work/<slug>/blend/ (as stage clip writes its folder)
and submissions/<slug>/blend.csv, checked as a grader would.

foldline blend RUN RUN ...
"""

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.blending import aligned, blend_scale, blend_step, evidence_of, with_ranks
from foldline.ensembling.chain import fit_nested
from foldline.ensembling.clipping import Clip, clip_steps, judge_of
from foldline.ensembling.ensembling import Ensemble
from foldline.ensembling.runs import open_runs
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric
from pipelines.answers import Answer
from pipelines.blended import print_agreement, write_blend, write_csv
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("runs", metavar="RUN", nargs="+", help="a DVC experiment, a git revision or a folder")
    names: list[str] = arguments.parse_args().runs
    if len(names) < 2:
        raise Refusal(f"There is nothing to blend `{names[0]}` with. Name two or more runs (`dvc exp show`).")
    settings = read_settings()
    target, fact = settings.fact("target", Target), settings.fact("metric", Metric)
    submission, method = settings.fact("submission", Submission), settings.section("ensemble", Ensemble).method
    with open_runs(names, settings.slug, target, "ensemble") as runs:
        first = runs[0].predictions
        scale = blend_scale(method, first.form, len(first.classes))
        rule = rule_of(submission.default_rule(target, first.classes, first.test.shape[1]))
        judge = judge_of(fact, rule, first.classes)
        weights = blend_step(method, names, scale, judge)
        parts = with_ranks(aligned(runs, scale.has_scores), runs, method)
        targets = target.graded(runs[0].targets, first.folds, first.classes)
        clip = settings.section("clip", Clip)
        steps, left_out = clip_steps(clip, first.form, first.classes, rule, fact, targets)
        evidence = evidence_of(parts.out_of_fold, targets, first.folds, runs[0].clusters)
        compared = print_agreement(names, evidence, judge, scale)
        chain = fit_nested([weights, *steps], evidence, "blend")
        metrics = write_blend(settings.places, first, parts, (judge, targets), chain, left_out, rule)
    write_csv(settings.places, submission, target)
    return {**metrics, **compared, "submission": settings.places.blend_submission}


if __name__ == "__main__":
    run(main)
