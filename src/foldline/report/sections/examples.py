"""Rows to look at: those that cost most, those that the model is unsure of, and some drawn by chance to compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Float64

from foldline.files.refusal import counted
from foldline.report.charts import drawn_rows
from foldline.report.evidence import Evidence
from foldline.report.page import Figure, Gallery, Part, Section, Words
from foldline.report.pictures import Pictures
from foldline.report.row_figures import row_figure

MOST_WORST, MOST_UNSURE, MOST_DRAWN = 18, 12, 12
Asked = Mapping[int, Sequence[int]]
"""By row, the outputs that a map is wanted of."""


@dataclass(frozen=True)
class FoundMaps:
    """Where models look (activation_maps.py)."""

    maps: Mapping[tuple[int, int], Float32[np.ndarray, "height width"]]
    """By row and output, from 0 to 1."""
    said: str
    """Of which stage they are, or why there are none."""


def examples(evidence: Evidence, pictures: Pictures, maps_of: Callable[[Asked], FoundMaps]) -> Section:
    worst = np.argsort(-evidence.losses, kind="stable")[:MOST_WORST]
    groups = [("The worst: what cost most", "Is the label right? Is the image?", worst)]
    unsureness = evidence.form.unsureness(evidence.after)
    if unsureness is not None:
        unsure = np.argsort(-unsureness, kind="stable")[:MOST_UNSURE]
        groups.append(("The unsure: what was nearest to another answer", "What would tell them apart?", unsure))
    drawn = drawn_rows(len(evidence.ids), MOST_DRAWN)
    groups.append(
        ("A control: drawn by chance, the same at every run", "What the others are to be compared with.", drawn)
    )
    asked = {row: asked_outputs(evidence, row) for row in np.concatenate([rows for *_, rows in groups]).tolist()}
    found = maps_of({row: list(outputs) for row, outputs in asked.items() if outputs})

    def figure(row: int) -> Figure:
        titled = ((f"{row}-{output}", found.maps.get((row, output)), title) for output, title in asked[row].items())
        named = [(pictures.overlay(name, one), title) for name, one, title in titled if one is not None]
        return row_figure(evidence, pictures, row, [(name, title) for name, title in named if name is not None])

    body: list[Part] = [Words(found.said)] if found.said else []
    body += [Gallery([figure(row) for row in rows.tolist()], title, lede) for title, lede, rows in groups]
    share, tenth = share_of_worst_tenth(evidence.losses)
    title = f"The worst tenth of the rows carries {share:.0%} of the loss"
    few = "so few rows decide; look at these first" if share > 0.5 else "so it is spread over many rows"
    lede = f"{counted(tenth, 'row', 'rows')} of {len(evidence.ids):,}, by {evidence.loss_name}: {few}."
    return Section("examples", title, lede, body)


def share_of_worst_tenth(losses: Float64[np.ndarray, " rows"]) -> tuple[float, int]:
    """The part of the summed loss, and how many rows are a tenth, rounded up."""
    known = np.sort(losses[~np.isnan(losses)])[::-1]
    tenth, total = -(-len(known) // 10), float(known.sum())
    return (float(known[:tenth].sum()) / total if total else 0.0), tenth


def asked_outputs(evidence: Evidence, row: int) -> dict[int, str]:
    """The outputs of which one wants to see where the model looks, and their titles: the class that the row is taken
    for and the true one (of several columns, in the one that is furthest from the truth), or else the number or label
    that is; nothing where no output is one."""
    names, outputs, target = evidence.classes, evidence.after.shape[1], evidence.targets[row]
    if evidence.labels is not None and outputs == len(evidence.classes):
        return _titled(evidence.names, int(evidence.labels[row]), int(target), outputs)
    if target.shape == (outputs,):
        off = np.abs(evidence.after[row] - target.astype(np.float64))
        worst = int(np.nan_to_num(off, nan=-1.0).argmax())
        return {worst: names[worst]}
    named = evidence.form.named(evidence.after[row : row + 1])
    if named is not None and target.shape == named.shape[1:]:
        given = np.where(target >= 0, evidence.after[row, target], np.inf)
        worst = int(np.argmin(given))
        return _titled(names, int(named[0, worst]), int(target[worst]), outputs) if np.isfinite(given[worst]) else {}
    return {0: "the number"} if outputs == 1 else {}


def _titled(names: Sequence[str], said: int, true: int, outputs: int) -> dict[int, str]:
    titles = {true: f"true: {names[true]}", said: f"said: {names[said]}"}
    if said == true:
        titles = {true: f"true and said: {names[true]}"}
    return {output: title for output, title in titles.items() if output < outputs}
