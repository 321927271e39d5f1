"""How trainings went: losses, accuracy and learning rate by epoch, a line per fold and seed."""

from __future__ import annotations

import pandas as pd

from foldline.files.refusal import counted
from foldline.report.charts import HOVER, Spec, chart, mark, names, numbers, table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Chart, Section

MOST_EPOCHS = 200
"""Of a training, of which points are drawn: of more, some."""
PARTS = ("train", "validation")
TRAINING = ["fold", "seed"]


def curves(evidence: Evidence) -> Section:
    history, ends = evidence.history, ends_of(evidence.history)
    tables = {measure: long_table(history, measure) for measure in ("loss", "accuracy")}
    tables["learning rate"] = (
        thinned(history)
        .rename(columns={"learning_rate": "learning rate"})[["training", "epoch", "learning rate"]]
        .dropna()
    )
    charts = [Chart(drawn(table, name), f"{name} by epoch", half=True) for name, table in tables.items() if len(table)]
    return Section(
        "curves", headline(ends), "", [*charts, table_of(ends, "Where trainings ended", {"lowest at epoch": ""})]
    )


def thinned(history: pd.DataFrame) -> pd.DataFrame:
    """With `training`, a name, and of each training at most about MOST_EPOCHS epochs, the last among them."""
    named = history.assign(training="fold " + history["fold"].astype(str))
    if history["seed"].nunique() > 1:
        named["training"] += ", seed " + history["seed"].astype(str)
    of_training = named.groupby(TRAINING)["epoch"]
    step = max(1, int(of_training.size().max()) // MOST_EPOCHS)
    return named[(of_training.cumcount(ascending=False) % step == 0).to_numpy()]


def long_table(history: pd.DataFrame, measure: str) -> pd.DataFrame:
    """`training`, `epoch`, `of` (train, validation) and the measure, without what was not measured."""
    table = thinned(history)
    parts = [
        table[["training", "epoch"]].assign(of=part, **{measure: table[f"{part}_{measure}"].astype(float)})
        for part in PARTS
    ]
    return pd.concat(parts, ignore_index=True).dropna()


def ends_of(history: pd.DataFrame) -> pd.DataFrame:
    """Of each training its last epoch, and the epoch of the lowest validation loss: 0 where none was measured."""
    found = []
    for (fold, seed), mine in history.groupby(TRAINING, sort=False):
        last, losses = mine.iloc[-1], mine.set_index("epoch")["validation_loss"].dropna()
        best = int(losses.idxmin()) if len(losses) else 0
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
    encoding = {
        "x": numbers("epoch", axis={"tickMinStep": 1, "format": "d"}),
        "y": numbers(measure),
        "color": names("training", legend={"orient": "top", "columns": 5}),
    }
    if "of" in table:
        encoding["strokeDash"] = names(
            "of", scale={"domain": list(reversed(PARTS))}, legend={"orient": "top", "symbolType": "stroke"}
        )
    return chart(table, mark("line", point={"size": 18}, tooltip=HOVER), height=220, **encoding)
