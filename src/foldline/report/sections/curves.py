"""How trainings went: losses, accuracy and learning rate by epoch, a line per fold and seed."""

from __future__ import annotations

import pandas as pd

from foldline.files.refusal import counted
from foldline.report.charts import GREY_SYMBOLS, HOVER, Spec, chart, mark, names, numbers, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, Section

MOST_EPOCHS = 200
"""Of a training, of which points are drawn: of more, some."""
MOST_COLOURS = 10
TRAINING = ["fold", "seed"]
DASHES = {**GREY_SYMBOLS, "symbolType": "stroke", "symbolStrokeWidth": 2, "symbolSize": 250}
MEASURES = {
    "loss": {"validation_loss": "validation", "train_loss": "train"},
    "accuracy": {"validation_accuracy": "validation", "train_accuracy": "train"},
    "learning rate": {"learning_rate": "of the head"},
}
"""What is drawn, and the columns of history.csv that it is of."""


def curves(evidence: Evidence) -> Section:
    ends, thin = ends_of(evidence.history), thinned(evidence.history)
    tables = {measure: long_table(thin, measure) for measure in MEASURES}
    charts = [Chart(drawn(table, name), f"{name} by epoch", half=True) for name, table in tables.items() if len(table)]
    listing = table_of(ends, "Where trainings ended", {"lowest at epoch": ""})
    return Section("curves", headline(ends), "", [*charts, listing])


def thinned(history: pd.DataFrame) -> pd.DataFrame:
    """Of each training at most about MOST_EPOCHS epochs, the last among them."""
    of_training = history.groupby(TRAINING)["epoch"]
    step = max(1, int(of_training.size().max()) // MOST_EPOCHS)
    return history[(of_training.cumcount(ascending=False) % step == 0).to_numpy()]


def long_table(history: pd.DataFrame, measure: str) -> pd.DataFrame:
    """`fold`, `seed`, `epoch`, `of` what, and the measure, without what was not measured."""
    columns = MEASURES[measure]
    found = history.rename(columns=columns).melt([*TRAINING, "epoch"], list(columns.values()), "of", measure)
    return found.dropna().astype({measure: float, "fold": str})


def ends_of(history: pd.DataFrame) -> pd.DataFrame:
    """Of each training its last epoch, and the epoch of the lowest validation loss: 0 where none was measured."""
    found = []
    for (fold, seed), mine in history.groupby(TRAINING, sort=False):
        last, losses = mine.iloc[-1], mine.set_index("epoch")["validation_loss"].dropna()
        best = int(losses.index.to_numpy()[losses.to_numpy().argmin()]) if len(losses) else 0
        ended = (float(last["train_loss"]), float(last["validation_loss"]), float(losses.min()))
        found.append((fold, seed, int(last["epoch"]), *ended, best))
    heads = ["fold", "seed", "epochs", "train loss", "validation loss", "lowest", "lowest at epoch"]
    return pd.DataFrame(found, columns=heads)


def headline(ends: pd.DataFrame) -> str:
    judged = ends[(ends["lowest at epoch"] > 0) & (ends["epochs"] > 1)]
    if judged.empty:
        return f"How {counted(len(ends), 'training', 'trainings')} went"
    late = int((judged["lowest at epoch"] == judged["epochs"]).sum())
    of = f"{late} of {counted(len(judged), 'training', 'trainings')}"
    if 2 * late > len(judged):
        return f"Validation loss was still falling in the last epoch of {of}: more epochs may help"
    rise = float((judged["validation loss"] / judged["lowest"] - 1).mean())
    return f"Validation loss was lowest in the last epoch of {of}; on average it ended {rise:.1%} above its lowest"


def drawn(table: pd.DataFrame, measure: str) -> Spec:
    """A colour per fold, in which its seeds are lines of their own."""
    legend = {"orient": "top", "columns": 5} if table["fold"].nunique() <= MOST_COLOURS else None
    dash = DASHES if table["of"].nunique() > 1 else None
    return chart(
        table,
        mark("line", point={"size": 18}, tooltip=HOVER),
        height=220,
        x=numbers("epoch", axis={"tickMinStep": 1, "format": "d"}),
        y=numbers(measure),
        color=names("fold", title="fold", legend=legend),
        strokeDash=names("of", legend=dash),
        detail={"field": "seed"},
    )
