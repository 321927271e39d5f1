"""The page of a study: its curves, and a table of what each cell gains. One file that needs no network."""

import html
import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from string import Template

import pandas as pd

from foldline.experiment.study import BASE
from foldline.files.whole_files import write_text
from foldline.report.study_table import Trained, best_cell, cell_gain
from foldline.report.vega import vega_script

MEASURES = ("loss", "accuracy")
PARTS = ("train", "validation")
DIGITS = 5


def write_study_page(path: Path, title: str, cells: Sequence[Trained], wanted: int) -> None:
    """`cells`: those with trainings, the base first. `wanted`: trainings per cell."""
    cells = [
        replace(cell, settings=dict(zip(short(cell.settings), cell.settings.values(), strict=True))) for cell in cells
    ]
    settings = [cell.settings for cell in cells]
    axes = [{"name": name, "values": sorted({one[name] for one in settings})} for name in settings[0]]
    lines = [[at, *line] for at, cell in enumerate(cells) for line in curves(cell)]
    of_cells = [{"cell": cell.title, "settings": dict(cell.settings)} for cell in cells]
    data = json.dumps({"cells": of_cells, "lines": lines, "axes": axes}, ensure_ascii=False, separators=(",", ":"))
    ordered = sorted(cells, key=lambda cell: (not cell.fits, cell.loss))
    template = Template(files("foldline.report").joinpath("study.html").read_text(encoding="utf-8"))
    page = template.substitute(
        title=html.escape(title),
        summary=html.escape(summary(cells)),
        rows="\n".join(table_row(cell, cells[0], wanted) for cell in ordered),
        data=data.replace("</", "<\\/"),
        vega=vega_script(),
    )
    write_text(path, page)


def short(paths: Iterable[str]) -> list[str]:
    """Each path by its last words, as many as tell it from the others: `weight_decay`."""
    words = [path.split(".") for path in paths]
    found = []
    for own in words:
        others = [other for other in words if other is not own]
        lengths = range(1, len(own) + 1)
        found.append(next((own[-n:] for n in lengths if all(other[-n:] != own[-n:] for other in others)), own))
    return [".".join(name) for name in found]


def summary(cells: Sequence[Trained]) -> str:
    best = best_cell(cells)
    if best is None:
        return "No cell has all the trainings of the base yet, so none is compared."
    said = f"The best of {len(cells)} cells is “{best.title}”: {best.seen:.{DIGITS}f} below the base's validation loss."
    if math.isnan(best.honest):
        return f"{said} It was chosen on these very rows; with 2 folds the page would say what the choice itself gains."
    return (
        f"{said} It was chosen on these very rows. Choosing the best cell on the other folds gains "
        f"{best.honest:+.{DIGITS}f} on the fold that is left: expect that."
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


def table_row(cell: Trained, base: Trained, wanted: int) -> str:
    gain, of_base = cell_gain(cell, base), cell.title == BASE
    sure = gain.pairs > 1 and not of_base
    error = f" ± {gain.standard_error:.{DIGITS}f}" if sure else ""
    texts = [
        cell.title,
        f"{len(cell.fits)} of {wanted}",
        f"{cell.loss:.{DIGITS}f}" if cell.fits else "",
        "" if math.isnan(cell.accuracy) else f"{cell.accuracy:.2%}",
        "" if of_base or not gain.pairs else f"{gain.mean:+.{DIGITS}f}{error}",
        f"{gain.interval.low:+.{DIGITS}f} .. {gain.interval.high:+.{DIGITS}f}" if sure else "",
        "" if of_base else "ruled out" if cell.ruled_out else gain.verdict,
    ]
    row = ' class="base"' if of_base else ""
    filled = "".join(f"<td>{html.escape(text)}</td>" for text in texts[:-1])
    why = f' title="{html.escape(cell.ruled_out)}"' if cell.ruled_out else ""
    return f'<tr{row}>{filled}<td class="{texts[-1]}"{why}>{html.escape(texts[-1])}</td></tr>'
