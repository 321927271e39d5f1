"""ResNet-56 by 1cycle (Smith 2018), for as many epochs as resnet56.yaml says.

python -m benchmarks.techniques.resnet56 --archive cifar10-small.zip --workspace ../resnet56

One that is stopped goes on after its last epoch. Writes docs/techniques/resnet56.csv and .png, and into
docs/techniques.md what was reached.
"""

import argparse
from functools import partial
from pathlib import Path

from benchmarks.page_parts import put
from benchmarks.techniques.charts import draw_curve
from benchmarks.techniques.page import PAGE, PICTURES, reached
from benchmarks.techniques.plan import BASELINE, read_plan
from benchmarks.techniques.results import Results
from benchmarks.techniques.study import run_study
from benchmarks.techniques.training import Workspace, measure, prepare
from foldline.files.refusal import Refusal
from foldline.training.history import write_history
from pipelines.running import run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, required=True, help="a zip with labels.csv and train/")
    parser.add_argument("--workspace", type=Path, required=True, help="a folder of its own")
    given = parser.parse_args()
    plan = read_plan(Path(__file__).with_name("resnet56.yaml"))
    workspace = Workspace(given.workspace.resolve(), plan.baseline["competition"])
    results = Results(workspace.folder / "results")
    prepare(workspace, given.archive, plan.card, plan.baseline)
    run_study(plan, plan.techniques, results, partial(measure, workspace))
    told = results.told(BASELINE, 0)
    if told["failure"]:
        raise Refusal(told["failure"])
    history = results.history(BASELINE, 0)
    write_history(PICTURES / "resnet56.csv", history)
    (PICTURES / "resnet56.png").write_bytes(draw_curve(history))
    put(PAGE, "resnet56", reached(history, told))


if __name__ == "__main__":
    run(main)
