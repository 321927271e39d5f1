"""Train a grid of experiments, fold by fold, and compare them on one page.

Reads a study's file: an experiment (the base), and axes of changes to it (docs/studies.md). Writes, below
work/<competition>/studies/NAME/, where NAME is the file's: cells/, results.csv (a line per cell, fold, seed and epoch)
and page.html. First brings the project up to date (`dvc repro split dry_run`), whose tables, pixels and weights serve
all cells that do not change them; the rest is computed once for all cells that need it. Nothing of the project's own
results is touched. Stopped and started again it goes on; with more values, only what is new is trained.

foldline study pipelines/studies/optimizers.yaml --slots 2
"""

from pathlib import Path

from foldline.experiment.study import read_grid
from foldline.fan_out.display import Display
from foldline.fan_out.queue import run_queue
from foldline.fan_out.warm import warm_start
from foldline.files.refusal import Refusal, counted
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run
from pipelines.study_cells import refuse_invalid, study_folder
from pipelines.study_results import write_results
from pipelines.train_folds import bring_up_to_date, slot_count, threads_divided

WARM = ("pipelines.fold_training",)
"""What all trainings import, which takes longer than a small one's epoch."""


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("study", metavar="FILE", type=Path, help="the study's file")
    arguments.add_argument("--slots", type=slot_count, default=1, help="how many are trained side by side (1)")
    given = arguments.parse_args()
    settings = read_settings()
    cells = read_grid(given.study).cells()
    refuse_invalid(cells, settings, given.study)
    bring_up_to_date()
    study = study_folder(given.study, settings)
    study.refuse_alike(cells)
    slots = threads_divided(given.slots)
    start = warm_start(WARM, slots[0])
    for stage, items in study.before(cells):
        with Display(len(items), len(slots)) as display:
            failed = [one for one in run_queue(items, slots, display, start) if not one.is_done]
        if failed:
            raise Refusal(
                f"the stage `{stage}` failed for {counted(len(failed), 'cell', 'cells')}, so nothing was trained. What "
                "it said is above. Correct these values, or leave them out."
            )
    trainings = study.trainings(cells)
    study.fill(trainings)
    waiting = [training for training in trainings if not training.is_done]
    done = len(trainings) - len(waiting)
    print(f"{counted(len(cells), 'cell', 'cells')}: {done} of {len(trainings)} trainings are done")
    try:
        with Display(len(waiting), len(slots)) as display:
            ended = run_queue([training.item for training in waiting], slots, display, start)
    finally:
        page = write_results(study, cells)
    failed = [one.item.name for one in ended if not one.is_done]
    if failed:
        raise Refusal(
            f"{counted(len(failed), 'training', 'trainings')} of {len(waiting)} failed: {'; '.join(failed)}. The end "
            "of each log is above, and says why; the others are done. Correct or leave out these values, or, if the "
            "machine is to blame, run the same command again."
        )
    print(f"{page}: the curves and gains of all cells")
    return {"cells": len(cells), "trained": len(ended), "page": page, "results": page.with_name("results.csv")}


if __name__ == "__main__":
    run(main)
