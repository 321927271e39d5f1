"""What is taken for what: the confusion matrix with its pictures, the most confused pairs, and each class's scores."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64

from foldline.files.refusal import counted
from foldline.metrics.truths_and_answers import Labels
from foldline.report.charts import table_of
from foldline.report.evidence import Evidence
from foldline.report.page import Cell, Figure, Gallery, LeftOut, Matrix, Opening, Section, Table
from foldline.report.pictures import Pictures
from foldline.report.row_figures import row_figure

MOST_CLASSES = 24
"""Rows and columns of the matrix."""
MOST_PAIRS = 10
MOST_PER_CELL = 12
SHARE_OF_PICTURES = 0.6
"""Of the room that is left when this section comes."""

RowsOf = Mapping[tuple[int, int], Sequence[int]]
"""By true class and the one it is taken for, the rows, those that cost most first."""


def confusion(evidence: Evidence, pictures: Pictures, share_of_pictures: float = SHARE_OF_PICTURES) -> Section:
    true, said, names = evidence.true_labels, evidence.labels, evidence.names
    if true is None or said is None:
        raise LeftOut("the confusion matrix needs rows of one class each")
    wrong, pairs = int((true != said).sum()), confused_pairs(true, said)
    shown = shown_classes(true, said, len(names))
    rows_of = rows_by_cell(true, said, evidence.losses, shown)
    per_cell = _rows_per_cell(pictures.affordable(share_of_pictures), rows_of)

    def figures(rows: Sequence[int]) -> list[Figure]:
        return [row_figure(evidence, pictures, row) for row in rows[:per_cell]]

    cells = _cells(shown, rows_of, names, np.bincount(true), figures)
    title = f"No row of {len(true):,} is taken for another class"
    if len(pairs):
        (pair,) = pairs.head(1).to_dict("records")
        most = f"{names[pair['true']]} for {names[pair['said']]} ({counted(pair['rows'], 'row', 'rows')})"
        title = f"{wrong:,} of {counted(len(true), 'row', 'rows')} are taken for another class, most often {most}"
    lede = "Each cell opens its pictures, those that cost most first. Colour is the share of a true class."
    if len(shown) < len(names):
        lede += f" Of {len(names):,} classes the {len(shown)} that are confused most are shown."
    confused = [_pair_table(pairs.head(MOST_PAIRS), evidence, pictures, rows_of)] if len(pairs) else []
    classes = _class_table(evidence, true, said)
    return Section(
        "confusion", title, lede, [Matrix("true / said", [names[one] for one in shown], cells), *confused, classes]
    )


def confused_pairs(true: Labels, said: Labels) -> pd.DataFrame:
    """Columns true, said, rows, share (of the true class's rows) and back (rows the other way round), the most rows
    first. As many lines as there are pairs that occur: nothing is as wide as the square of the classes."""
    found = pd.DataFrame({"true": true, "said": said})
    counts = found[found["true"] != found["said"]].value_counts().rename("rows").reset_index()
    back = counts.set_index(["said", "true"])["rows"].reindex(pd.MultiIndex.from_frame(counts[["true", "said"]]))
    counts["share"] = counts["rows"] / np.bincount(true)[counts["true"]]
    counts["back"] = back.fillna(0).to_numpy(np.int64)
    return counts.sort_values(["rows", "true", "said"], ascending=[False, True, True], ignore_index=True)


def shown_classes(true: Labels, said: Labels, classes: int) -> list[int]:
    """All, or of many those that most wrong rows are of or are taken for, in the classes' order."""
    if classes <= MOST_CLASSES:
        return list(range(classes))
    wrong = true != said
    involved = np.bincount(true[wrong], minlength=classes) + np.bincount(said[wrong], minlength=classes)
    return sorted(np.argsort(-involved, kind="stable")[:MOST_CLASSES].tolist())


def class_scores(true: Labels, said: Labels, losses: Float64[np.ndarray, " rows"], classes: int) -> pd.DataFrame:
    """A line per class: rows, precision, recall, f1, loss (the mean over its rows); NaN where nothing says it."""
    rows, answered = (np.bincount(labels, minlength=classes).astype(float) for labels in (true, said))
    right = np.bincount(true[true == said], minlength=classes)
    with np.errstate(invalid="ignore", divide="ignore"):
        precision, recall, loss = right / answered, right / rows, np.bincount(true, losses, classes) / rows
        f1 = 2 * right / (rows + answered)
    columns = {"rows": rows.astype(int), "precision": precision, "recall": recall, "f1": f1, "loss": loss}
    return pd.DataFrame(columns)


def rows_by_cell(true: Labels, said: Labels, losses: Float64[np.ndarray, " rows"], shown: Sequence[int]) -> RowsOf:
    order = np.argsort(-losses, kind="stable")
    kept = order[np.isin(true[order], shown) & np.isin(said[order], shown)]
    found: dict[tuple[int, int], list[int]] = {}
    for row in kept.tolist():
        found.setdefault((int(true[row]), int(said[row])), []).append(row)
    return found


def _rows_per_cell(affordable: int, rows_of: RowsOf) -> int:
    """As many as there is room for: rather fewer than smaller ones."""
    sizes = np.array([len(rows) for rows in rows_of.values()])
    return max((most for most in range(1, MOST_PER_CELL + 1) if np.minimum(sizes, most).sum() <= affordable), default=0)


def _cells(
    shown: Sequence[int],
    rows_of: RowsOf,
    names: Sequence[str],
    totals: Int64[np.ndarray, " classes"],
    figures: Callable[[Sequence[int]], list[Figure]],
) -> list[list[Opening]]:
    """totals: how many rows each true class has."""

    def cell(true: int, said: int) -> Opening:
        rows = rows_of.get((true, said), ())
        if not rows:
            return Opening("", 0.0, "", true == said)
        said_to_be = "rightly said to be" if true == said else f"of {names[true]} taken for"
        label = f"{counted(len(rows), 'row', 'rows')} {said_to_be} {names[said]}"
        found = figures(rows)
        lede = f"The {len(found)} that cost most." if len(found) < len(rows) else ""
        share = float(len(rows) / totals[true])
        return Opening(f"{len(rows):,}", share, label, true == said, Gallery(found, label, lede) if found else None)

    return [[cell(true, said) for said in shown] for true in shown]


def _pair_table(pairs: pd.DataFrame, evidence: Evidence, pictures: Pictures, rows_of: RowsOf) -> Table:
    """Each with the picture of the row that costs most of it, where the matrix has the pair."""
    true, said = ([evidence.names[label] for label in pairs[side].tolist()] for side in ("true", "said"))
    costliest = [rows_of.get(pair, [None])[0] for pair in zip(pairs["true"], pairs["said"], strict=True)]
    shown = [None if row is None else pictures.of(int(evidence.first_images[row])) for row in costliest]
    cells = [Cell(name, picture=picture) for name, picture in zip(true, shown, strict=True)]
    share, back = "of the true class", "the other way round"
    table = pd.DataFrame({"true": cells, "taken for": said, "rows": pairs["rows"], share: pairs["share"]})
    return table_of(table.assign(**{back: pairs["back"]}), "The most confused pairs", {share: ".1%"}, texts=2)


def _class_table(evidence: Evidence, true: Labels, said: Labels) -> Table:
    found = class_scores(true, said, evidence.losses, len(evidence.names))
    found.insert(0, "class", evidence.names)
    ordered = found.sort_values("f1", kind="stable", na_position="last")
    ordered = ordered.rename(columns={"f1": "F1", "loss": f"mean {evidence.loss_name}"})
    formats = {"precision": ".1%", "recall": ".1%", "F1": ".1%"}
    return table_of(ordered, "Classes, those of the lowest F1 first", formats)
