"""Choose test-time views on out-of-fold rows: which of the predicted ones are worth their pixels, and what each gains.

Starts from `identity`, or else the first of predict.views, and adds the view with the highest gain per unit of cost
(pixels relative to identity) as long as its cross-validated gain is real. Prints the table and the
`predict.views` to set; writes nothing.
Reads rows.parquet, targets.npy, classes.json, folds.csv and predict/fold<k>/seed<s>/ of the listed folds and seeds.
Parameters: `folds`, `train.seeds`, `ensemble`; card: `target`, `metric`, `submission`.

foldline tta
"""

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.card.views import cost_of
from foldline.ensembling.chain import fit_chain
from foldline.ensembling.ensembling import Ensemble, ensemble_plan
from foldline.ensembling.members import read_predicted
from foldline.ensembling.row_sources import fit_data
from foldline.ensembling.scoring import Scorer, gains_metrics
from foldline.ensembling.view_averages import chosen_views
from foldline.files.places import FoldName
from foldline.files.refusal import Refusal
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.metric import Metric
from pipelines.answers import Answer
from pipelines.gains import print_gains
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    target, section = settings.fact("target", Target), settings.section("ensemble", Ensemble)
    folds = [fold for fold in settings.section("folds", tuple[FoldName, ...]) if isinstance(fold, int)]
    predicted = read_predicted(settings.places, folds, settings.section("train.seeds", tuple[int, ...]), target)
    if len(predicted.views) == 1:
        raise Refusal(f"predict.views is [{predicted.views[0]}], which leaves no choice: list those to choose among.")
    submission = settings.fact("submission", Submission)
    rule = rule_of(submission.default_rule(target, predicted.classes, predicted.width))
    scorer = Scorer(settings.fact("metric", Metric).of(predicted.classes), rule)
    plan = ensemble_plan(section.model_copy(update={"views": "chosen"}), predicted, scorer)
    chain = fit_chain(plan.steps[:1], fit_data(plan.source))
    print_gains(chain.gains)
    names = chosen_views(chain)
    cost = sum(map(cost_of, names))
    print(f"predict.views: [{', '.join(names)}]   (costs {cost:g} times identity, of {len(predicted.views)} views)")
    return {"views": names, "cost": cost, "gains": gains_metrics(chain.gains)}


if __name__ == "__main__":
    run(main)
