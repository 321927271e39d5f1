"""The page of a study: curves, a table of what each cell gains, and what models see. One file; needs no network."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from foldline.experiment.axes import Settings
from foldline.params.differences import short_names
from foldline.report.charts import VERDICTS
from foldline.report.feature_map import map_chart
from foldline.report.page import Cell, Chart, Curves, Section, Table, write_page
from foldline.report.study_table import NO_COUNTERPART, Gain, Trained, best_cell, gain_at

MEASURES = ("loss", "accuracy")
PARTS = ("train", "validation")
DIGITS = 5
GAIN = ("gain ± SE", "95 % interval")
COLUMNS = ("cell", "verdict", "validation loss", *GAIN, "accuracy", *GAIN, "trained")
GAINS = (
    "A gain is how much lower the validation loss is, or how much higher the accuracy, than that of {reference}, over "
    "the same folds and seeds. A cell is better or worse where the 95 % interval (Student's t) of its gain in loss "
    "excludes zero. Of many cells a few will look so by chance. What different losses measure is not compared."
)
MAPS = (
    "t-SNE of the features that the head is given, of the same out-of-fold images, each model by itself. Only who is "
    "near whom means anything: not distances between groups, nor their sizes."
)


def write_study_page(
    path: Path, title: str, cells: Sequence[Trained], against: Settings, maps: Mapping[int, pd.DataFrame]
) -> None:
    """`cells`: those with trainings, the base first. `against`: what they are compared with, `{}` for the base. `maps`:
    tsne.csv of the models of some cells, by their places."""
    names = short_names(cells[0].settings)
    cells = [replace(cell, settings={names[path]: value for path, value in cell.settings.items()}) for cell in cells]
    settings = [cell.settings for cell in cells]
    data = {
        "cells": [{"cell": cell.title, "settings": dict(cell.settings)} for cell in cells],
        "lines": [[at, *line] for at, cell in enumerate(cells) for line in curves(cell)],
        "axes": [{"name": name, "values": sorted({one[name] for one in settings})} for name in settings[0]],
    }
    # In the file's order what is compared stands together.
    order = sorted(range(len(cells)), key=lambda at: () if against else place_of(cells[at], cells[0]))
    table = Table(COLUMNS, [table_row(cells, at) for at in order])
    sections = [
        Section("curves", "Curves", "", [Curves(data)]),
        Section("cells", "Cells", GAINS.format(reference=reference_words(against)), [table]),
    ]
    if maps:
        drawn = [
            Chart(map_chart(of.drop(columns="row_id"), cells[at].title), f"t-SNE of {cells[at].title}", half=True)
            for at, of in maps.items()
        ]
        sections.append(Section("maps", "What models see", MAPS, drawn))
    write_page(path, title, compared(cells, against) if against else summary(cells), sections)


def place_of(cell: Trained, base: Trained) -> tuple[bool, bool, float]:
    """Among the others: by its loss, below those that are measured as the base is."""
    return not cell.fits, cell.measure != base.measure, cell.loss


def summary(cells: Sequence[Trained]) -> str:
    best = best_cell(cells)
    if best is None:
        return "No cell has all the trainings of the base yet, so none is compared."
    if best.title == cells[0].title:
        return "No cell has a lower validation loss than the base, over the same folds and seeds."
    said = f"The best of {len(cells)} cells is “{best.title}”: {best.seen:.{DIGITS}f} below the base's validation loss."
    if math.isnan(best.honest):
        return f"{said} It was chosen on these very rows; with 2 folds the page would say what the choice itself gains."
    return (
        f"{said} It was chosen on these very rows. Choosing the best cell on the other folds gains "
        f"{best.honest:+.{DIGITS}f} on the fold that is left: expect that."
    )


def reference_words(against: Settings) -> str:
    """Of the cell that a cell is compared with."""
    values = ", ".join(f"{axis}: {value}" for axis, value in against.items())
    return f"the cell that has “{values}” and differs in nothing else" if against else "the base"


def compared(cells: Sequence[Trained], against: Settings) -> str:
    """The summary where cells are compared with others than the base."""
    verdicts = [gain.verdict for at in range(len(cells)) if (gain := gain_at(cells, at)) is not None]
    return (
        f"Each cell is compared with {reference_words(against)}: of {len(verdicts)} cells "
        f"{verdicts.count('better')} are better, {verdicts.count('worse')} worse."
    )


def curves(cell: Trained) -> list[tuple[int, str, *tuple[float | None, ...]]]:
    """Epoch, part, loss and accuracy: means over folds and seeds; None for what was not measured."""
    means = cell.history.groupby("epoch", as_index=False).mean(numeric_only=True)
    return [
        (int(row["epoch"]), part, *(_rounded(row[f"{part}_{measure}"]) for measure in MEASURES))
        for row in means.to_dict("records")
        for part in PARTS
    ]


def _rounded(value: float) -> float | None:
    return None if pd.isna(value) else round(float(value), DIGITS)


def table_row(cells: Sequence[Trained], at: int) -> list[str | Cell]:
    cell = cells[at]
    is_reference, gain = cell.reference == at, gain_at(cells, at)
    verdict = NO_COUNTERPART if gain is None else gain.verdict
    if cell.ruled_out:
        verdict = f"ruled out: {cell.ruled_out}"
    return [
        Cell(cell.title, "strong" if is_reference else ""),
        "" if is_reference else Cell(verdict, VERDICTS.get(verdict, "quiet")),
        f"{cell.loss:.{DIGITS}f}" if cell.fits else "",
        *(shown_gain(gain.loss if gain else None, f"+.{DIGITS}f")),
        "" if math.isnan(cell.accuracy) else f"{cell.accuracy:.2%}",
        *(shown_gain(gain.accuracy if gain else None, "+.2%")),
        f"{len(cell.fits)} of {cell.wanted}",
    ]


def shown_gain(gain: Gain | None, form: str) -> tuple[str, str]:
    """With its standard error, and the interval; what a single pair does not tell is left out."""
    if gain is None or math.isnan(gain.mean):
        return "", ""
    if math.isnan(gain.standard_error):
        return f"{gain.mean:{form}}", ""
    low, high = gain.interval
    return f"{gain.mean:{form}} ± {gain.standard_error:{form.lstrip('+')}}", f"{low:{form}} .. {high:{form}}"
