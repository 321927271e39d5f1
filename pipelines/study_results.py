"""results.csv and page.html of a study, out of the trainings that are done."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from foldline.experiment.study import BASE, Cell
from foldline.files.whole_files import read_json, whole_file
from foldline.report.study_page import write_study_page
from foldline.report.study_table import Fit, Trained, long_table
from foldline.training.history import read_history
from pipelines.study_cells import StudyFolder, Training


def write_results(study: StudyFolder, cells: Sequence[Cell]) -> Path:
    """Both files, and the page's path. Without a training of the base there is nothing to compare with, and no page."""
    trainings = study.trainings(cells)
    done = [training for training in trainings if training.is_done]
    found = {cell.title: _trained(cell, [one for one in done if one.cell.title == cell.title]) for cell in cells}
    found = {title: trained for title, trained in found.items() if trained.fits}
    page = study.folder / "page.html"
    if found:
        with whole_file(study.folder / "results.csv") as partial:
            long_table(list(found.values())).to_csv(partial, index=False, lineterminator="\n")
    if BASE in found:
        write_study_page(page, f"{study.slug}: {study.folder.name}", list(found.values()), len(trainings) // len(cells))
    return page


def _trained(cell: Cell, trainings: Sequence[Training]) -> Trained:
    fits, histories = [], []
    for one in trainings:
        measured = read_json(one.folder / "metrics.json")
        accuracy = measured.get("validation_accuracy", float("nan"))
        fits.append(Fit(one.fold, one.seed, measured["validation_loss"], accuracy))
        history = read_history(one.folder / "history.csv")
        history.insert(0, "fold", one.fold)
        history.insert(1, "seed", one.seed)
        histories.append(history)
    return Trained(cell.title, cell.settings, fits, pd.concat(histories) if histories else pd.DataFrame())
