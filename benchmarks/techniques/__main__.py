"""What each technique is worth: the same small training on real images, with one change at a time, fold by fold.

python -m benchmarks.techniques --archive cifar10-small.zip --workspace /tmp/study              all
python -m benchmarks.techniques --archive cifar10-small.zip --workspace /tmp/study SGD Adam     some

Takes hours on a CPU; one that is stopped goes on with what is missing. All results are kept in the workspace.
"""

import argparse
import subprocess
from pathlib import Path

from tqdm import tqdm

from benchmarks.techniques.plan import read_plan
from benchmarks.techniques.results import Results
from benchmarks.techniques.training import ROOT, Workspace, measure, prepare
from pipelines.running import run

HERE = Path(__file__).parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, required=True, help="a zip with labels.csv and train/")
    parser.add_argument("--workspace", type=Path, required=True, help="a folder of the study's own")
    parser.add_argument("names", nargs="*", metavar="NAME", help="techniques; default: all")
    given = parser.parse_args()
    plan = read_plan(HERE / "techniques.yaml")
    chosen = plan.named(given.names)
    workspace = Workspace(given.workspace.resolve(), plan.baseline["competition"])
    results = Results(workspace.folder / "results")
    prepare(workspace, given.archive, plan.card, plan.baseline)
    commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    for technique in tqdm(chosen, unit="technique"):
        params = plan.params(technique)
        for fold in plan.baseline["folds"]:
            if not results.has(technique.name, fold, params["train"]):
                results.add(technique.name, fold, params["train"], commit, measure(workspace, params, fold))


if __name__ == "__main__":
    run(main)
