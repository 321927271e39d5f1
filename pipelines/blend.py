"""Blend several finished runs on the same rows into one submission, as `ensemble.method` and `clip` say.

A RUN is a saved run, a DVC experiment, a git revision (`foldline runs` lists them) or a folder (`.` is the working
folder). Reads of each run ensemble/, rows.parquet, targets.npy, classes.json, folds.csv; of params.yaml `competition`,
`ensemble`, `clip`; the card, sample.
Writes work/<slug>/blend/, like clip/, and submissions/<slug>/blend.csv, checked as a grader would.

foldline blend RUN RUN ...
"""

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.chain import fit_nested
from foldline.ensembling.clipping import Clip, write_clipped
from foldline.ensembling.ensembling import Ensemble
from foldline.ensembling.row_sources import fit_data
from foldline.ensembling.runs import aligned, blend_scale, open_runs
from foldline.ensembling.scales import stored_scale
from foldline.ensembling.scoring import Scorer
from foldline.ensembling.steps import Context
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric
from pipelines.answers import Answer
from pipelines.blended import print_agreement, write_csv
from pipelines.gains import print_gains
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument(
        "runs", metavar="RUN", nargs="+", help="a saved run, a DVC experiment, a git revision or a folder"
    )
    names: list[str] = arguments.parse_args().runs
    if len(names) < 2:
        raise Refusal(f"There is nothing to blend `{names[0]}` with. Name two or more runs (`foldline runs`).")
    settings = read_settings()
    target, submission = settings.fact("target", Target), settings.fact("submission", Submission)
    method = settings.section("ensemble", Ensemble).method
    with open_runs(names, settings.slug, "ensemble") as runs:
        first, classes = runs[0].predictions, runs[0].predictions.classes
        rule = rule_of(submission.default_rule(target, classes, first.test.shape[1]))
        scorer, count = Scorer(settings.fact("metric", Metric).of(classes), rule), len(classes)
        scale = blend_scale(method, first.form, count)
        weights, _ = method.planned(Context(scale, scorer, count, tuple(names), blends=True))
        targets = target.graded(runs[0].targets, first.folds, classes)
        context = Context(stored_scale(first.form, count), scorer, count)
        steps, left_out = settings.section("clip", Clip).steps(context, targets)
        source = aligned(runs, targets, method, scale)
        data = fit_data(source)
        compared = print_agreement(names, data, len(targets), scorer, scale)
        chain = fit_nested([*weights, *steps], data, "blend")
        metrics = write_clipped(settings.places.blend, first, source, chain, scorer, left_out)
    print_gains([*chain.whole.gains, *left_out])
    print(f"blend: out-of-fold {metrics['metric']} {metrics['score']:.6f} on {metrics['rows']} rows")
    write_csv(settings.places, submission, target)
    return {**metrics, **compared, "submission": settings.places.blend_submission}


if __name__ == "__main__":
    run(main)
