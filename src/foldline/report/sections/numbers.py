"""Regression: what is predicted against what is true, column by column, and where it is off."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Float, Float64, Int64

from foldline.ensembling.intervals import cluster_interval
from foldline.metrics.kinds.of_numbers import R2
from foldline.report.charts import (
    HOVER,
    MOST_POINTS,
    Spec,
    chart,
    diagonal,
    drawn_rows,
    intervals,
    level,
    mark,
    table_of,
)
from foldline.report.charts import numbers as axis
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Part, Section

BINS = 10
LEAST_PER_BIN = 10
MOST_DRAWN = 4
"""Columns with charts: of more, those that are explained worst."""
Column = Float64[np.ndarray, " rows"]


def numbers(evidence: Evidence) -> Section:
    if "known_numbers" not in evidence.target.truths:
        raise LeftOut("residuals need a target of numbers")
    wanted, found = evidence.targets.astype(np.float64), evidence.answers.astype(np.float64)
    table = scores_by_column(wanted, found, evidence.classes)
    body: list[Part] = [table_of(table, "Columns, the one that is explained worst first", {"R²": ".3f"})]
    drawn = [evidence.classes.index(name) for name in table.loc[table["known"] > 0, "column"].head(MOST_DRAWN)]
    for at in drawn:
        known = ~np.isnan(wanted[:, at])
        true, said = wanted[known, at], found[known, at]
        name = f"{evidence.classes[at]}: " if len(table) > 1 else ""
        residuals = residual_bins(true, said, evidence.clusters[known])
        body += [
            Chart(
                against(true, said, name, MOST_POINTS // len(drawn)), f"{name}predicted against true values.", half=True
            ),
            Chart(residual_chart(residuals, name), f"{name}mean residual by predicted value.", half=True),
        ]
    lede = (
        "R² is the share of the variance that is explained; bias is the mean of predicted - true. Points are "
        f"out-of-fold rows, at most {MOST_POINTS:,}; residuals are means over rows of like predictions, with 95 % "
        "intervals over clusters: a line that leaves zero says where predictions could be corrected."
    )
    return Section("numbers", headline(table), lede, body)


def scores_by_column(
    wanted: Float[np.ndarray, "rows columns"], found: Float[np.ndarray, "rows columns"], names: tuple[str, ...]
) -> pd.DataFrame:
    """Of each column how many numbers are known, R², MAE, RMSE and the bias, the lowest R² first. wanted: NaN where a
    number is missing."""
    rows = []
    for at, name in enumerate(names):
        known = ~np.isnan(wanted[:, at])
        true, said = wanted[known][:, [at]], found[known][:, [at]]
        errors, scores = said - true, [np.nan] * 4
        if known.any():
            r2 = R2(kind="r2").score(true, said)
            scores = [r2, np.abs(errors).mean(), np.sqrt((errors**2).mean()), errors.mean()]
        rows.append((name, int(known.sum()), *scores))
    table = pd.DataFrame(rows, columns=["column", "known", "R²", "MAE", "RMSE", "bias"])
    return table.sort_values("R²", kind="stable", ignore_index=True)


def residual_bins(wanted: Column, found: Column, clusters: Int64[np.ndarray, " rows"]) -> pd.DataFrame:
    """Bins of equally many rows by what is predicted: `predicted` and `residual` (predicted - true), means, with `low`
    and `high`, and `rows`."""
    order = np.argsort(found, kind="stable")
    parts = np.array_split(order, max(1, min(BINS, len(found) // LEAST_PER_BIN)))
    rows = []
    for part in (part for part in parts if len(part)):
        residuals = found[part] - wanted[part]
        mean = float(residuals.mean())
        interval = cluster_interval((residuals - mean) / len(part), clusters[part], mean)
        rows.append((float(found[part].mean()), mean, *interval, len(part)))
    return pd.DataFrame(rows, columns=["predicted", "residual", "low", "high", "rows"])


def headline(table: pd.DataFrame) -> str:
    worst, mean = table.iloc[0], table["R²"].mean()
    if len(table) == 1:
        return f"{worst['R²']:.0%} of the variance is explained; predictions are off by {worst['MAE']:.4g} on average"
    return f"Of {len(table)} numbers, {worst['column']} is explained worst: R² {worst['R²']:.2f}, {mean:.2f} on average"


def against(true: Column, said: Column, name: str, most: int) -> Spec:
    rows = drawn_rows(len(true), most)
    return chart(
        pd.DataFrame({"true": true[rows], "predicted": said[rows]}),
        diagonal("true", "predicted", min(true.min(), said.min()), max(true.max(), said.max())),
        mark("point", filled=True, size=22, opacity=0.55, tooltip=HOVER),
        x=axis("true", title=f"{name}true"),
        y=axis("predicted"),
    )


def residual_chart(table: pd.DataFrame, name: str) -> Spec:
    x, y = axis("predicted", title=f"{name}predicted"), {"title": "predicted - true"}
    line = mark("line", {"x": x, "y": axis("residual", **y)}, opacity=0.5)
    return chart(table, level("y", 0.0, **y), line, *intervals("y", "residual", {"x": x}, **y))
