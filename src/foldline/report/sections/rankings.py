"""Rankings: at which rank the right class stands."""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool

from foldline.ensembling.intervals import wilson_interval
from foldline.metrics.decisions.likeliest import likeliest
from foldline.metrics.truths_and_answers import Rankings
from foldline.report.charts import HOVER, Spec, chart, mark, numbers, records, shares, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Section

MOST_RANKS = 20


def rankings(evidence: Evidence) -> Section:
    scored = evidence.metric.ranked
    if scored is None:
        raise LeftOut("hits by rank need a metric of rankings")
    ranks = min(MOST_RANKS, len(evidence.classes))
    answers, likely = (hits(one, evidence.targets) for one in (evidence.answers, likeliest(evidence.after, ranks)[0]))
    table, missed = rank_table(answers[:, :scored]), ~answers.any(axis=1)
    lede = (
        f"Bars: the share of rows with one of their classes at a rank of the submitted {scored}. Line: at this rank or "
        f"before, by probability alone. Of {missed.sum():,} rows without a hit {(missed & likely.any(axis=1)).sum():,} "
        f"have one among their {ranks} likeliest classes."
    )
    first, within = table["hits"].iloc[0], table["so far"].iloc[-1]
    title = f"{first:.1%} of the rows have a class of theirs at the first rank, {within:.1%} among the first {scored}"
    drawing = Chart(drawn(table, rank_table(likely)), "Share of rows with a hit, rank by rank.")
    listing = table_of(
        table, "Hits by rank, with a 95 % interval", dict.fromkeys(("hits", "so far", "low", "high"), ".2%")
    )
    return Section("rankings", title, lede, [drawing, listing])


def hits(ranked: Rankings, targets: np.ndarray) -> Bool[np.ndarray, "rows length"]:
    """Whether a row's class at each rank is right. targets: the one class, or 0 and 1 by class."""
    if targets.ndim == 1:
        return ranked == targets[:, None]
    return (np.take_along_axis(targets, ranked.clip(min=0), axis=1) == 1) & (ranked >= 0)


def rank_table(found: Bool[np.ndarray, "rows length"]) -> pd.DataFrame:
    """`rank` from 1, `rows` with a hit there, their share (`hits`); the share of those with one there or before (`so
    far`), with `low` and `high` (Wilson's interval)."""
    at, within = found.mean(axis=0), np.maximum.accumulate(found, axis=1).mean(axis=0)
    low, high = wilson_interval(within, np.full(len(within), float(len(found))))
    table = {"rank": np.arange(1, len(at) + 1), "rows": found.sum(axis=0), "hits": at, "so far": within}
    return pd.DataFrame(table).assign(low=low, high=high)


def drawn(table: pd.DataFrame, further: pd.DataFrame) -> Spec:
    y = {"title": "share of rows", "scale": {"domain": [0, 1]}}
    return chart(
        further[["rank", "so far"]],
        mark("bar", {"y": shares("hits", **y)}, records(table[["rank", "hits"]]), opacity=0.7, size=14, tooltip=HOVER),
        mark("line", {"y": shares("so far", **y)}, point={"size": 30}, tooltip=HOVER),
        x=numbers("rank", axis={"tickMinStep": 1}),
    )
