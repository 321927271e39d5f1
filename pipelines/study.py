"""Train a grid of experiments, fold by fold, or search it, and compare them on one page.

Reads a study's file: an experiment (the base), and axes of changes to it (docs/studies.md). Writes, below
work/<competition>/studies/NAME/, where NAME is the file's: cells/, results.csv (a line per cell, fold, seed and epoch)
and page.html. First brings the project up to date (`dvc repro split dry_run pretext_choice`), whose tables, pixels and
weights serve all cells that do not change them; the rest is computed once for all cells that need it. Nothing of the
project's own results is touched. Stopped and started again it goes on; with more values, only what is new is trained.

--halving ends what the first epochs or the first fold rule out. --search draws cells, from ranges of numbers, too.

foldline study pipelines/studies/optimizers.yaml --slots 2 --halving
foldline study search.yaml --search optuna --trials 40
"""

import argparse
from pathlib import Path

from foldline.card.card import read_card
from foldline.experiment.search import Search
from foldline.experiment.study import read_grid
from foldline.experiment.study_cells import refuse_invalid, refuse_other_losses, study_folder, what_changed
from foldline.fan_out.slots import add_slots, chosen_slots, common, count
from foldline.fan_out.warm import warm_start
from foldline.files.refusal import Refusal, counted
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run, seed_number
from pipelines.study_results import map_files, mapped, write_results
from pipelines.study_trainings import Queue, search_cells
from pipelines.train_folds import bring_up_to_date

WARM = ("pipelines.fold_training",)
"""What all trainings import, which takes longer than a small one's epoch."""


def arguments() -> argparse.Namespace:
    script = parser(__doc__)
    script.add_argument("study", metavar="FILE", type=Path, help="the study's file")
    add_slots(script)
    script.add_argument("--halving", action="store_true", help="end what the first epochs or fold rule out")
    script.add_argument("--search", choices=("optuna",), help="draw cells instead of training all combinations")
    script.add_argument("--trials", type=count, default=20, help="of a search: how many cells (20)")
    script.add_argument("--search-seed", type=seed_number, default=0, help="of what a search draws (0)")
    return script.parse_args()


def main() -> Answer:
    given = arguments()
    settings, grid, slots = read_settings(), read_grid(given.study), chosen_slots(given)
    card = read_card(settings.card)
    cells = [grid.base_cell, *grid.corners()] if given.search else grid.cells()
    refuse_invalid(cells, card, given.study)
    if given.halving or given.search:
        refuse_other_losses(cells, grid.base_cell, card, given.study)
    bring_up_to_date()
    study = study_folder(given.study, settings.slug, settings.params)
    if not given.search:
        study.refuse_alike(cells)
        for line in what_changed(study, cells):
            print(line)
    queue = Queue(study, slots, warm_start(WARM, common(slots)), given.halving)
    search = Search(grid, study.folder, given.search_seed) if given.search else None
    try:
        ended = search_cells(queue, search, given.trials, card) if search else queue.train(cells)
        shown = mapped(study, grid, search.cells() if search else cells)
        queue.draw([training for training in shown if not map_files(training)])
    finally:
        page = write_results(study, grid, search.cells() if search else cells, card)
    failed = [one.item.name for one in ended if one.has_failed]
    if failed:
        raise Refusal(
            f"{counted(len(failed), 'training', 'trainings')} of {len(ended)} failed: {'; '.join(failed)}. The end of "
            "each log is above, and says why; the others are done. Correct or leave out these values, or, if the "
            "machine is to blame, run the same command again."
        )
    print(f"{page}: the curves and gains of all cells")
    return {
        "cells": len(search.cells() if search else cells),
        "trained": len(ended),
        "page": page,
        "results": page.with_name("results.csv"),
        "gains": page.with_name("gains.csv"),
    }


if __name__ == "__main__":
    run(main)
