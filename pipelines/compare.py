"""Compare two runs on the out-of-fold rows that both predicted: fold by fold, pooled, and whether it is a difference.

A and B are saved runs, DVC experiments, git revisions (`foldline runs` lists them) or folders (`.` is the working
folder, with what it has computed so far).
A gain is positive where B is better. It is `real` when both of its 95 % intervals exclude zero: over rows (bootstrap
of whole clusters) and over folds (Student's t); otherwise `not yet real`, and never on a single fold.
Reads of each run clip/, rows.parquet, targets.npy, classes.json and folds.csv; of params.yaml here `competition`, of
its card `target`, `metric` and `submission`. Writes work/<slug>/compared/, of which `foldline runs` knows the verdict.

foldline compare A B
"""

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.comparing import Comparison, compare
from foldline.ensembling.runs import Run, open_runs
from foldline.ensembling.scoring import Pair
from foldline.ensembling.standings import remember
from foldline.files.dvc_records import md5_of
from foldline.metrics.metric import Metric
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    arguments = parser(__doc__)
    for name in ("A", "B"):
        arguments.add_argument(name, help="a saved run, a DVC experiment, a git revision or a folder")
    given = arguments.parse_args()
    settings = read_settings()
    target = settings.fact("target", Target)
    with open_runs((given.A, given.B), settings.slug, "clip") as (first, second):
        metric = settings.fact("metric", Metric).of(first.predictions.classes)
        comparison = compare(first, second, metric, target, settings.fact("submission", Submission))
        scored_by = metric.name, metric.parameters
        remember(settings.places.compared, scored_by, _predictions(first, second), comparison.is_real)
    print_comparison(comparison)
    return comparison.as_json()


def _predictions(first: Run, second: Run) -> tuple[str, str]:
    one, other = (md5_of(run.folder / "out_of_fold.npy") for run in (first, second))
    return one, other


def print_comparison(comparison: Comparison) -> None:
    console = Console()
    table = Table("", *map(escape, comparison.names), "gain", title=comparison.metric, title_justify="left")
    for fold, pair in comparison.by_fold.items():
        table.add_row(f"fold {fold}", *_numbers(pair))
    table.add_section()
    table.add_row("pooled", *_numbers(comparison.pooled))
    console.print(table)
    for line in comparison.sentences:
        console.print(line, soft_wrap=True, highlight=False, markup=False)


def _numbers(pair: Pair) -> tuple[str, str, str]:
    return f"{pair.first:.6f}", f"{pair.second:.6f}", f"{pair.gain:+.6f}"


if __name__ == "__main__":
    run(main)
