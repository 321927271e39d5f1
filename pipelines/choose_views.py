"""Choose test-time views on out-of-fold rows: which of the predicted ones are worth their pixels, and what each gains.

Starts from `identity`, or else the first of predict.views, and adds the view with the highest gain per unit of cost
(pixels relative to identity) as long as its nested gain exceeds one standard error. Prints the table and the
`predict.views` to set; writes nothing.
Reads rows.parquet, classes.json, folds.csv and predict/fold<k>/seed<s>/ of the listed folds and seeds. Parameters:
`folds`, `train.seeds`, `ensemble`; card: `target`, `metric`, `submission`.

python -m pipelines.choose_views
"""

from itertools import product

from foldline.cards.metric import Metric
from foldline.cards.submission import Submission
from foldline.cards.target import Target
from foldline.competition.decisions.rules import default_rule
from foldline.competition.targets import encode, graded_targets
from foldline.config.ensemble import Ensemble
from foldline.predictions.answering import judge_of
from foldline.predictions.coverage import roster, train_rows
from foldline.predictions.fitting_rows import fitting_rows
from foldline.predictions.gains import gains_table
from foldline.predictions.members import members_of
from foldline.predictions.nested import Evidence
from foldline.predictions.view_choice import choose_views, common_views, predictions_by_view
from foldline.tables.activations import form_of, width_of
from foldline.tables.classes import read_classes
from foldline.tables.folds import read_folds
from foldline.tables.logits import read_logits
from foldline.tables.rows import read_rows
from pipelines.running import parser, read_settings, run
from pipelines.summary import print_gains


def main() -> None:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, target, average = settings.places, settings.fact("target", Target), settings.section("ensemble", Ensemble)
    rows, classes = read_rows(places.rows), read_classes(places.classes)
    folds = [fold for fold in settings.section("folds", tuple[int | str, ...]) if isinstance(fold, int)]
    covered = roster(rows, read_folds(places.folds), folds)
    seeds = settings.section("train.seeds", tuple[int, ...])
    models = list(product(folds, seeds))
    logits = [read_logits(places.predicted(*model)) for model in models]
    members = members_of(models, logits, covered, classes)
    views, form = common_views(logits), form_of(logits[0].activation)
    rule = default_rule(target, settings.fact("submission", Submission), classes, width_of(form, len(classes)))
    targets = encode(train_rows(rows, covered.out_of_fold_ids), classes, target)
    targets = graded_targets(targets, covered.folds, classes, target)
    chosen = fitting_rows(len(targets), len(views) * len(classes))
    evidence = Evidence((), targets[chosen], covered.folds[chosen], covered.clusters[chosen])
    by_view = predictions_by_view(members, views, covered, chosen)
    first, judge = ("identity" if "identity" in views else views[0]), judge_of(settings.fact("metric", Metric), rule)
    choice = choose_views(by_view, first, evidence, judge, form, average.average)
    print_gains(gains_table(choice.gains))
    print(f"predict.views: [{', '.join(choice.names)}]   (costs {choice.cost:g} times identity, of {len(views)} views)")


if __name__ == "__main__":
    run(main)
