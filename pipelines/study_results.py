"""results.csv, gains.csv and page.html of a study, out of the trainings that are done or were ruled out."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.card.card import Card
from foldline.experiment.study import Cell, Grid, cell_title
from foldline.experiment.study_cells import StudyFolder, Training, measure
from foldline.files.truths import read_csv
from foldline.files.whole_files import read_json, whole_file
from foldline.report.study_page import write_study_page
from foldline.report.study_table import Fit, Trained, gains_table, long_table
from foldline.training.history import COLUMNS, read_history
from pipelines.study_halving import RuledOut, counts, ruled_out

MOST_MAPS = 6
MAP = "*/out_of_fold/identity/last.tsne.csv"


def write_results(study: StudyFolder, grid: Grid, cells: Sequence[Cell], card: Card) -> Path:
    """All files, and the page's path. Without a training of the base there is nothing to compare with, and no page."""
    found = _compared(study, grid, cells, card)
    page = study.folder / "page.html"
    for name, table in {"results.csv": long_table, "gains.csv": gains_table}.items():
        if found:
            with whole_file(study.folder / name) as partial:
                table(found).to_csv(partial, index=False, lineterminator="\n")
    if found and found[0].settings == cells[0].compared:
        maps = read_maps(mapped(study, grid, cells), [trained.title for trained in found])
        write_study_page(page, f"{study.slug}: {study.folder.name}", found, grid.against, maps)
    return page


def mapped(study: StudyFolder, grid: Grid, cells: Sequence[Cell]) -> list[Training]:
    """Whose models are shown side by side, where cells are compared with others than the base: the first training of
    the base's, and of each cell that is compared with it; what is not done is left out."""
    base = cell_title(grid.reference(cells[0], cells[0]))
    own = {cell_title(cell.compared): cell for cell in reversed(cells) if grid.against}
    shown = [cell for title, cell in own.items() if base in (title, cell_title(grid.reference(cell, cells[0])))]
    firsts = [study.trainings([cell])[0] for cell in reversed(shown)]
    return [training for training in firsts[:MOST_MAPS] if counts(training)]


def read_maps(trainings: Sequence[Training], titles: Sequence[str]) -> dict[int, pd.DataFrame]:
    """tsne.csv of the models, by the places of their cells among `titles`."""
    found = {}
    for training in trainings:
        for file in map_files(training):
            table = read_csv(file, ("row_id", "class", "x", "y"), {"row_id": str, "class": str})
            found[titles.index(cell_title(training.cell.compared))] = table
    return dict(sorted(found.items()))


def map_files(training: Training) -> list[Path]:
    """What is drawn of its model: one, or none yet."""
    of_model = f"fold{training.fold}-seed{training.seed}"
    return sorted(training.workspace.folder.glob(f"work/*/features/{of_model}/{MAP}"))


def _compared(study: StudyFolder, grid: Grid, cells: Sequence[Cell], card: Card) -> list[Trained]:
    """What has trainings, the base first: cells that differ in their seeds alone are one."""
    trainings: dict[str, list[Training]] = {}
    for training in study.trainings(cells):
        trainings.setdefault(cell_title(training.cell.compared), []).append(training)
    found = [(of[0].cell, _trained(of, measure(of[0].cell, card))) for of in trainings.values()]
    found = [(cell, trained) for cell, trained in found if not trained.history.empty]
    places = {trained.title: at for at, (_, trained) in enumerate(found)}
    references = [cell_title(grid.reference(cell, cells[0])) for cell, _ in found]
    return [replace(one, reference=places.get(title)) for (_, one), title in zip(found, references, strict=True)]


def _trained(wanted: Sequence[Training], measured_by: str) -> Trained:
    fits, histories = [], []
    done = [training for training in wanted if counts(training)]
    out = next(filter(None, (ruled_out(one) for one in wanted if not counts(one))), None)
    for one in done:
        measured = read_json(one.folder / "metrics.json")
        accuracy = measured.get("validation_accuracy", float("nan"))
        fits.append(Fit(one.fold, one.seed, measured["validation_loss"], accuracy))
        histories.append(_placed(read_history(one.folder / "history.csv"), one))
    if out and not done:
        histories.append(_placed(_known(out), wanted[0]))
    history = pd.concat(histories) if histories else pd.DataFrame()
    why = out.why if out else None
    return Trained(wanted[0].cell.compared, fits, history, len(wanted), None, why, measured_by)


def _placed(history: pd.DataFrame, of: Training) -> pd.DataFrame:
    history.insert(0, "fold", of.fold)
    history.insert(1, "seed", of.seed)
    return history


def _known(out: RuledOut) -> pd.DataFrame:
    """The history of a training that did not reach its end."""
    epochs = np.arange(1, len(out.losses) + 1)
    return pd.DataFrame({"epoch": epochs, "validation_loss": out.losses}).reindex(columns=[*COLUMNS])
