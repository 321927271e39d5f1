"""What each technique is worth: the same small training on real images, with one change at a time, fold by fold.

python -m benchmarks.techniques --archive cifar10-small.zip --workspace ../study              all
python -m benchmarks.techniques --archive cifar10-small.zip --workspace ../study SGD Adam     some

Takes hours on a CPU; one that is stopped goes on with what is missing. Writes the table of docs/techniques.md,
docs/techniques/gains.csv and gains.png from all that is measured by then, the named ones and others. The workspace
keeps what they come from: the loss of every validation row, and every history.
"""

import argparse
from functools import partial
from pathlib import Path

from benchmarks.page_parts import put
from benchmarks.techniques.charts import draw_gains
from benchmarks.techniques.gains import judge
from benchmarks.techniques.page import PAGE, PICTURES, table, write_numbers
from benchmarks.techniques.plan import read_plan
from benchmarks.techniques.results import Results
from benchmarks.techniques.study import run_study
from benchmarks.techniques.training import Workspace, measure, prepare
from pipelines.running import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, required=True, help="a zip with labels.csv and train/")
    parser.add_argument("--workspace", type=Path, required=True, help="a folder of the study's own")
    parser.add_argument("names", nargs="*", metavar="NAME", help="techniques; default: all")
    given = parser.parse_args()
    plan = read_plan(Path(__file__).with_name("techniques.yaml"))
    workspace = Workspace(given.workspace.resolve(), plan.baseline["competition"])
    chosen, results = plan.named(given.names), Results(workspace.folder / "results")
    prepare(workspace, given.archive, plan.card, plan.baseline)
    run_study(plan, chosen, results, partial(measure, workspace))
    judged = judge(plan, results, workspace.places.folds)
    write_numbers(PICTURES / "gains.csv", judged)
    (PICTURES / "gains.png").write_bytes(draw_gains(judged))
    put(PAGE, "techniques", table(judged, plan, results.commits))


if __name__ == "__main__":
    run(main)
