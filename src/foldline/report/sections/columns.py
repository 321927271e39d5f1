"""A label of each of several columns: how well each column is named, and what is confused in the worst ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from foldline.report.charts import table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Gallery, Section
from foldline.report.pictures import Pictures
from foldline.report.row_figures import row_figure
from foldline.report.sections.confusion import SHARE_OF_PICTURES, class_scores, confused_pairs, confusion

MOST_DRAWN = 4
"""Columns with a confusion matrix each: of more, those that are named worst."""
MOST_WORST = 12


def confusions(evidence: Evidence, pictures: Pictures) -> Sequence[Callable[[], Section]]:
    """The confusion of the rows' one class; or the scores of all columns, and the confusion of each of the worst."""
    if not evidence.columns:
        return [partial(confusion, evidence, pictures)]
    table = column_table(evidence.columns)
    worst = table["column"].head(MOST_DRAWN)
    share = SHARE_OF_PICTURES / len(worst)
    drawn = [partial(of_column, name, evidence.columns[name], pictures, share) for name in worst]
    return [partial(columns, table), *drawn]


def columns(table: pd.DataFrame) -> Section:
    """table: as `column_table` makes it."""
    lede = (
        "Of the rows that have a label in the column. Balanced accuracy is the mean of the recalls of the classes that "
        "occur: there rare classes count as much as frequent ones. Most often confused: true for said."
    )
    drawn = f" The {MOST_DRAWN} worst columns have a section each." if len(table) > MOST_DRAWN else ""
    formats = {"accuracy": ".1%", "balanced accuracy": ".1%"}
    worst, mean = table.iloc[0], table["accuracy"].mean()
    said = f"Of {len(table)} columns, {worst['column']} is named worst: {worst['accuracy']:.1%} of the rows are right"
    listing = table_of(table, "Columns, the one of the lowest accuracy first", formats)
    return Section("columns", f"{said}, {mean:.1%} on average", lede + drawn, [listing])


def column_table(by_column: Mapping[str, Evidence]) -> pd.DataFrame:
    """Of each column its `rows` and `classes`, `accuracy` and `balanced accuracy`, mean log loss, and the pair that is
    `most often confused`; the lowest accuracy first, of equal ones the highest loss."""
    found = []
    for name, of in by_column.items():
        true, said = of.true_labels, of.labels
        assert true is not None and said is not None
        recalls = class_scores(true, said, of.losses, len(of.classes))["recall"]
        pairs = confused_pairs(true, said)[["true", "said"]].head(1).to_numpy().tolist()
        confused = "".join(f"{of.names[one]} for {of.names[other]}" for one, other in pairs)
        scores = float((true == said).mean()), recalls.mean(), of.losses.mean()
        found.append((name, len(true), len(of.classes), *scores, confused))
    heads = ["column", "rows", "classes", "accuracy", "balanced accuracy", "mean log loss", "most often confused"]
    return pd.DataFrame(found, columns=heads).sort_values(
        ["accuracy", "mean log loss"], ascending=[True, False], ignore_index=True
    )


def of_column(name: str, evidence: Evidence, pictures: Pictures, share_of_pictures: float) -> Section:
    """With the rows that cost most in this column."""
    rows = np.argsort(-evidence.losses, kind="stable")[:MOST_WORST].tolist()
    found = confusion(evidence, pictures, share_of_pictures)
    worst = Gallery([row_figure(evidence, pictures, row) for row in rows], "The worst: what cost most in this column")
    title, anchor = f"{name}: {found.title[0].lower()}{found.title[1:]}", f"confusion-{name.replace(' ', '-')}"
    return replace(found, anchor=anchor, title=title, body=[*found.body, worst])
