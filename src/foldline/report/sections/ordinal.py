"""Levels in an order: by how many levels rows are off, and to which side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from foldline.metrics.kinds.of_labels import QuadraticWeightedKappa
from foldline.metrics.truths_and_answers import Labels
from foldline.report.charts import HOVER, Spec, chart, mark, names, numbers, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Section


def ordinal(evidence: Evidence) -> Section:
    true, said = evidence.true_labels, evidence.labels
    if "level" not in evidence.target.truths or true is None or said is None:
        raise LeftOut("distances need levels in an order")
    table, off = level_table(true, said, evidence.names), said - true
    kappa = QuadraticWeightedKappa(kind="quadratic_weighted_kappa").score(true, said)
    lede = (
        f"Quadratic weighted kappa {kappa:.4f}; rows are {np.abs(off).mean():.3f} levels off on average. A distance "
        "above zero is too high."
    )
    drawing = Chart(
        drawn(distance_table(true, said, evidence.names)), "How many levels the rows of each level are off."
    )
    formats = {"right": ".1%", "at most 1 off": ".1%", "mean distance": "+.2f"}
    return Section("ordinal", headline(off), lede, [drawing, table_of(table, "Levels", formats)])


def level_table(true: Labels, said: Labels, levels: Sequence[str]) -> pd.DataFrame:
    """Of each level that rows have: `rows`, the shares `right` and `at most 1 off`, and the `mean distance`, said -
    true."""
    off = pd.DataFrame({"at": true, "off": said - true})
    grouped = off.assign(right=off["off"] == 0, near=off["off"].abs() <= 1).groupby("at")
    table = grouped.agg(rows=("off", "size"), right=("right", "mean"), near=("near", "mean"), mean=("off", "mean"))
    table.insert(0, "level", [levels[at] for at in table.index])
    return table.rename(columns={"near": "at most 1 off", "mean": "mean distance"}).reset_index(drop=True)


def distance_table(true: Labels, said: Labels, levels: Sequence[str]) -> pd.DataFrame:
    """`level` (the true one), `distance` (said - true), `rows`, and their `share` of the level's."""
    table = pd.DataFrame({"at": true, "distance": said - true}).value_counts().rename("rows").reset_index()
    table["share"] = table["rows"] / table.groupby("at")["rows"].transform("sum")
    table = table.sort_values(["at", "distance"], ignore_index=True)
    table.insert(0, "level", [levels[at] for at in table.pop("at").tolist()])
    return table


def headline(off: np.ndarray) -> str:
    right, near = (float((np.abs(off) <= distance).mean()) for distance in (0, 1))
    high, low = int((off > 0).sum()), int((off < 0).sum())
    side = "too high" if high > low else "too low"
    lean = f"; of the wrong ones {max(high, low) / (high + low):.0%} are {side}" if high != low else ""
    return f"{right:.1%} of the levels are right, and {near:.1%} at most one level off{lean}"


def drawn(table: pd.DataFrame) -> Spec:
    """The confusion of levels, each row's by its distance."""
    colour = numbers("share", legend=None, scale={"scheme": "oranges", "domain": [0, 1]})
    return chart(
        table,
        mark("rect", {"color": colour}, tooltip=HOVER),
        mark("text", {"text": {"field": "rows"}, "color": {"value": "#222"}}),
        height=36 * table["level"].nunique() + 20,
        x=names("distance", sort="ascending", axis={"labelAngle": 0}, title="levels too low (-) or too high (+)"),
        y=names("level", title="true level"),
    )
