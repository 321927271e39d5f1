"""Which rows are worse than the rest: by the card's features, by image size, by how many rows belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float64, Int64

from foldline.ensembling.intervals import LEVEL, Interval, cluster_interval
from foldline.files.rows import TABULAR, positions_of, tabular_columns
from foldline.report.charts import Spec, chart, intervals, level, names, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Section

LEAST_CLUSTERS = 30
"""In a slice that is judged, and outside of it: with fewer, Student's interval is too narrow for losses, which are
skewed."""
BINS = 5
MOST_VALUES = 7
MOST_DRAWN = 25
MISSING, OTHERS = "missing", "all others"
TOO_FEW = "too few"
COLOURS = {"worse": "#c0503c", "better": "#3f8f5a", "": "#7d8792", TOO_FEW: "#b9bfc6"}


def slices(evidence: Evidence) -> Section:
    known, name = ~np.isnan(evidence.losses), evidence.loss_name
    columns = {by: column[known] for by, column in dividing_columns(evidence).items()}
    losses = evidence.losses[known]
    table = slice_table(columns, losses, evidence.clusters[known])
    judged = int((table["verdict"] != TOO_FEW).sum())
    if not judged:
        parts = f"parts of at least {LEAST_CLUSTERS} clusters"
        raise LeftOut(f"slices need features or sizes that divide the rows into {parts}")
    lede = (
        f"The mean {name} of each slice with its 95 % interval over clusters, and by how much it exceeds that of all "
        f"other rows. A slice is really worse or better where that interval, wide enough for all {judged} slices "
        f"together, excludes zero; one of fewer than {LEAST_CLUSTERS} clusters is not judged."
    )
    drawing = Chart(drawn(table.head(MOST_DRAWN), name, float(losses.mean())), f"Slices by {name}.")
    listing = table_of(told(table, name), "Slices, the worst first")
    return Section("slices", headline(table, name), lede, [drawing, listing])


def told(table: pd.DataFrame, loss_name: str) -> pd.DataFrame:
    """With intervals in words."""
    own, more = (
        [f"{low:.3g} .. {high:.3g}" if not np.isnan(low) else "" for low, high in table[list(ends)].to_numpy()]
        for ends in (("low", "high"), ("more low", "more high"))
    )
    told = table[["slice", "rows", "loss", "more", "verdict"]].rename(columns={"loss": loss_name})
    told.insert(3, "interval", own)
    told.insert(5, "its interval", more)
    return told.rename(columns={"more": "more than the rest"})


def dividing_columns(evidence: Evidence) -> Mapping[str, pd.Series]:
    """What each out-of-fold row is, by several columns of numbers or texts."""
    positions = positions_of(evidence.rows, evidence.ids)
    mine, by_row = evidence.rows.iloc[positions], evidence.images.groupby("row", sort=False)
    first = by_row[["height", "width"]].first().reindex(positions)
    _, cluster, sizes = np.unique(evidence.clusters, return_inverse=True, return_counts=True)
    columns = {name.removeprefix(TABULAR): mine[name] for name in tabular_columns(mine)} | {
        "image pixels": first["height"] * first["width"],
        "width / height": first["width"] / first["height"],
        "images of the row": by_row.size().reindex(positions),
        "rows of the cluster": pd.Series(sizes[cluster]),
    }
    return {by: column.reset_index(drop=True) for by, column in columns.items()}


def sliced(column: pd.Series) -> pd.Series:
    """Each row's slice in words: a number's quantile bin, or the number itself where there are few; of texts the most
    frequent ones."""
    known = column.dropna()
    if not pd.api.types.is_numeric_dtype(column):
        texts = known.where(known.isin(known.value_counts().index[:MOST_VALUES]), OTHERS).astype(str)
    elif known.nunique() <= MOST_VALUES:
        texts = known.astype(float).map(_short)
    else:
        edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        binned = known.astype(float).groupby(np.searchsorted(edges, known, side="right"))
        texts = binned.transform("min").map(_short) + " .. " + binned.transform("max").map(_short)
    return texts.reindex(column.index).fillna(MISSING)


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.4g}"


def slice_table(
    columns: Mapping[str, pd.Series], losses: Float64[np.ndarray, " rows"], clusters: Int64[np.ndarray, " rows"]
) -> pd.DataFrame:
    """`slice` in words, `rows`; `loss` (the mean) with `low` and `high`; `more` than the mean of all other rows, with
    the ends of the interval that holds for all judged slices together (Bonferroni); `verdict`. Judged ones come first,
    the worst before others."""
    parts = [(f"{by}: {name}", chosen) for by, column in columns.items() for name, chosen in _slices_of(column)]
    is_judged = [min(len(np.unique(clusters[one])) for one in (in_, ~in_)) >= LEAST_CLUSTERS for _, in_ in parts]
    found = []
    for (name, chosen), judged in zip(parts, is_judged, strict=True):
        loss, inside = mean_and_influences(losses, chosen)
        rest, outside = mean_and_influences(losses, ~chosen)
        own, more = cluster_interval(inside[chosen], clusters[chosen], loss), Interval(np.nan, np.nan)
        verdict = TOO_FEW
        if judged:
            more = cluster_interval(inside - outside, clusters, loss - rest, 1 - (1 - LEVEL) / sum(is_judged))
            verdict = ("worse" if more.low > 0 else "better") if more.excludes_zero else ""
        found.append((name, int(chosen.sum()), loss, *own, loss - rest, *more, verdict))
    heads = ["slice", "rows", "loss", "low", "high", "more", "more low", "more high", "verdict"]
    order = {"verdict": lambda values: values == TOO_FEW, "more": lambda values: -values}
    table = pd.DataFrame(found, columns=heads)
    return table.sort_values(list(order), key=lambda values: order[str(values.name)](values), ignore_index=True)


def _slices_of(column: pd.Series) -> Iterator[tuple[str, Bool[np.ndarray, " rows"]]]:
    """None of a column that is the same for all rows."""
    texts = sliced(column)
    for name in texts.unique() if texts.nunique() > 1 else ():
        yield str(name), (texts == name).to_numpy()


def mean_and_influences(
    values: Float64[np.ndarray, " rows"], chosen: Bool[np.ndarray, " rows"]
) -> tuple[float, Float64[np.ndarray, " rows"]]:
    mean = float(values[chosen].mean())
    return mean, np.where(chosen, values - mean, 0) / chosen.sum()


def headline(table: pd.DataFrame, loss_name: str) -> str:
    worse = table[table["verdict"] == "worse"]
    if worse.empty:
        return "No slice is really worse than the rest"
    first = worse.iloc[0]
    others = f", and {len(worse) - 1} more" if len(worse) > 1 else ""
    rest = first["loss"] - first["more"]
    return f"Really worse: {first['slice']}, {loss_name} {first['loss']:.3g} against {rest:.3g}{others}"


def drawn(table: pd.DataFrame, loss_name: str, mean: float) -> Spec:
    title, y = f"mean {loss_name}", names("slice", axis={"labelLimit": 230})
    colours = {"domain": list(COLOURS), "range": list(COLOURS.values())}
    colour = names("verdict", scale=colours, legend=None)
    return chart(
        table[["slice", "rows", "loss", "low", "high", "verdict"]],
        level("x", mean, title=title, axis={"tickCount": 8}),
        *intervals("x", "loss", {"y": y, "color": colour}, title=title, axis={"tickCount": 8}),
        height=max(60, 20 * len(table)),
    )
