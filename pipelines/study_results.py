"""results.csv and page.html of a study, out of the trainings that are done or were ruled out."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.experiment.study import BASE, Cell
from foldline.files.whole_files import read_json, whole_file
from foldline.report.study_page import write_study_page
from foldline.report.study_table import Fit, Trained, long_table
from foldline.training.history import COLUMNS, read_history
from pipelines.study_cells import StudyFolder, Training
from pipelines.study_halving import RuledOut, ruled_out


def write_results(study: StudyFolder, cells: Sequence[Cell]) -> Path:
    """Both files, and the page's path. Without a training of the base there is nothing to compare with, and no page."""
    trainings: dict[str, list[Training]] = {cell.title: [] for cell in cells}
    for training in study.trainings(cells):
        trainings[training.cell.title].append(training)
    found = [_trained(cell, trainings[cell.title]) for cell in cells]
    found = [trained for trained in found if not trained.history.empty]
    page = study.folder / "page.html"
    if found:
        with whole_file(study.folder / "results.csv") as partial:
            long_table(found).to_csv(partial, index=False, lineterminator="\n")
    if found and found[0].title == BASE:
        write_study_page(page, f"{study.slug}: {study.folder.name}", found, len(trainings[BASE]))
    return page


def _trained(cell: Cell, wanted: Sequence[Training]) -> Trained:
    fits, histories = [], []
    done = [training for training in wanted if training.is_done]
    out = ruled_out(wanted[0].workspace) if len(done) < len(wanted) else None
    for one in done:
        measured = read_json(one.folder / "metrics.json")
        accuracy = measured.get("validation_accuracy", float("nan"))
        fits.append(Fit(one.fold, one.seed, measured["validation_loss"], accuracy))
        histories.append(_placed(read_history(one.folder / "history.csv"), one))
    if out and not done:
        histories.append(_placed(_known(out), wanted[0]))
    history = pd.concat(histories) if histories else pd.DataFrame()
    return Trained(cell.settings, fits, history, out.why if out else None)


def _placed(history: pd.DataFrame, of: Training) -> pd.DataFrame:
    history.insert(0, "fold", of.fold)
    history.insert(1, "seed", of.seed)
    return history


def _known(out: RuledOut) -> pd.DataFrame:
    """The history of a training that did not reach its end."""
    epochs = np.arange(1, len(out.losses) + 1)
    return pd.DataFrame({"epoch": epochs, "validation_loss": out.losses}).reindex(columns=[*COLUMNS])
