"""Several labels per row: how well each is found, and which ones stand in for each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Bool, Float32, UInt8

from foldline.files.arrays import row_blocks
from foldline.metrics.kinds.of_order import area, average_precision
from foldline.report.charts import HOVER, MOST_LISTED, QUIET, Spec, chart, drawn_rows, mark, names, numbers, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, LeftOut, Section

MOST_PAIRS = 15
CONFUSED = "Pairs most often confused: the first is missed and the second said in vain, on the same row"
MOST_NUMBERS = 20_000_000
"""Of predictions: of more, rows are drawn."""
Sets = Bool[np.ndarray, "rows classes"]
Indicators = UInt8[np.ndarray, "rows classes"]


def labels(evidence: Evidence) -> Section:
    if "set" not in evidence.target.truths:
        raise LeftOut("scores of labels need sets of them")
    rows = drawn_rows(len(evidence.ids), max(1, MOST_NUMBERS // len(evidence.classes)))
    targets, predictions, is_said = evidence.targets[rows], evidence.after[rows], evidence.metric.needs == "sets"
    sets = evidence.answers[rows] if is_said else predictions >= 0.5
    table = label_table(targets, predictions, sets, evidence.classes)
    pairs = confused_pairs(targets, sets, evidence.classes)
    threshold = "its threshold in the rule" if is_said else "one half"
    lede = (
        f"Of {len(rows):,} out-of-fold rows. A label is said from {threshold} on. By "
        "chance alone its average precision would be its share of the rows."
    )
    listing = table_of(table, "Labels, the lowest average precision first", dict.fromkeys(table.columns[2:], ".3f"))
    drawing = Chart(drawn(table.head(MOST_LISTED)), "Average precision and share of the rows, label by label.")
    confused = [table_of(pairs, CONFUSED)] if len(pairs) else []
    return Section("labels", headline(table, pairs), lede, [drawing, listing, *confused])


def label_table(
    targets: Indicators, predictions: Float32[np.ndarray, "rows classes"], sets: Sets, names_: Sequence[str]
) -> pd.DataFrame:
    """A row per label, the one of the lowest average precision first: its share of the rows, AUC, average precision and
    F1, precision and recall of the sets. NaN where there is nothing to find or to say."""
    weights, rows = np.ones(len(targets)), []
    for at, name in enumerate(names_):
        wanted, scores, said = targets[:, at] == 1, predictions[:, at], sets[:, at]
        hits, count, claimed = (int(one.sum()) for one in (wanted & said, wanted, said))
        curve = (area(wanted, scores, weights), average_precision(wanted, scores, weights))
        of_set = (_ratio(2 * hits, count + claimed), _ratio(hits, claimed), _ratio(hits, count))
        rows.append((name, count, count / len(targets), *curve, *of_set))
    heads = ["label", "rows", "share", "AUC", "average precision", "F1", "precision", "recall"]
    return pd.DataFrame(rows, columns=heads).sort_values("average precision", kind="stable", ignore_index=True)


def confused_pairs(targets: Indicators, sets: Sets, names_: Sequence[str]) -> pd.DataFrame:
    """`missed`, `said instead`, `rows`: the pairs of labels that most often stand so on a row, the most frequent
    first."""
    counts = scipy.sparse.csr_array((len(names_), len(names_)), dtype=np.int64)
    for block in row_blocks(targets.shape):
        wanted, said = targets[block] == 1, sets[block]
        missed, vain = (scipy.sparse.csr_array(one.astype(np.int64)) for one in (wanted & ~said, said & ~wanted))
        counts = counts + missed.T @ vain
    found = counts.tocoo()
    order = np.argsort(-found.data, kind="stable")[:MOST_PAIRS]
    pairs = [(names_[found.row[at]], names_[found.col[at]], int(found.data[at])) for at in order.tolist()]
    return pd.DataFrame(pairs, columns=["missed", "said instead", "rows"])


def headline(table: pd.DataFrame, pairs: pd.DataFrame) -> str:
    known = table.dropna(subset="average precision")
    if known.empty:
        return "No label has a row"
    worst, mean = known.iloc[0], known["average precision"].mean()
    said = f"{worst['label']} is found worst: average precision {worst['average precision']:.2f}, {mean:.2f} on average"
    return (
        said
        if pairs.empty
        else f"{said}; {pairs['said instead'].iloc[0]} is most often said for {pairs['missed'].iloc[0]}"
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def drawn(table: pd.DataFrame) -> Spec:
    x = {"title": "average precision (line: by chance)", "scale": {"domain": [0, 1]}}
    return chart(
        table[["label", "rows", "share", "AUC", "average precision", "F1"]],
        mark("bar", {"x": numbers("average precision", **x)}, height={"band": 0.6}, opacity=0.75, tooltip=HOVER),
        mark("tick", {"x": numbers("share", **x)}, thickness=3, color=QUIET["color"]),
        height=max(60, 20 * len(table)),
        y=names("label", axis={"labelLimit": 230}),
    )
