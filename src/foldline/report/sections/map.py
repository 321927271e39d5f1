"""What a fold's model sees: t-SNE of its out-of-fold rows' features, whose points open their pictures."""

from __future__ import annotations

import numpy as np
import pandas as pd

from foldline.predicting.feature_space import Space
from foldline.report.charts import Spec, chart, mark, names, numbers
from foldline.report.evidence import Evidence
from foldline.report.feature_map import LEAST_ROWS, feature_map
from foldline.report.page import Chart, Section
from foldline.report.pictures import Pictures

PART, STAGE = "out_of_fold", "last"
MOST_COLOURS = 20
HEIGHT = 520
NO_PICTURE = "no room for this picture"
SHARE_OF_PICTURES = 0.9
"""Of what the page may still hold."""


def map_of_features(evidence: Evidence, space: Space, pictures: Pictures) -> Section | None:
    """space: of a fold's model, with features of STAGE. None where too few of its rows are the report's."""
    positions = pd.Index(evidence.ids).get_indexer(pd.Index(space.ids[PART]))
    mine = np.flatnonzero(positions >= 0)
    if len(mine) < LEAST_ROWS:
        return None
    vectors = space.vectors(PART, STAGE)[mine]
    points = feature_map(vectors, [space.ids[PART][row] for row in mine.tolist()], [""] * len(mine))
    told = said_of_points(evidence, pd.Index(evidence.ids).get_indexer(pd.Index(points["row_id"])))
    table = pd.concat([points[["x", "y"]], told], axis=1)
    table["picture"] = pictures_of(table, evidence.first_images, pictures)
    table["row"] = table["row"].where(table["picture"].notna(), table["row"] + f" ({NO_PICTURE})")
    shown = f"{int(table['picture'].notna().sum()):,} of {len(table):,} points open their pictures."
    lede = (
        f"t-SNE of the features that the head of {space.name} is given, of {len(table):,} rows that this model has not "
        f"learned from. Only who is near whom means anything: not distances between groups, nor their sizes. {shown}"
    )
    drawing = Chart(drawn(table.drop(columns="position")), f"Map of {len(table):,} rows. {shown}", "picture", "row")
    return Section("map", f"What {space.name} takes for alike lies together", lede, [drawing])


def said_of_points(evidence: Evidence, positions: np.ndarray) -> pd.DataFrame:
    """`position` among the out-of-fold rows, `row` (its id and what it is), `loss`; where rows have one class each
    `class`, and whether it is named: `answer`, right or wrong."""
    labels, ids = evidence.labels, [evidence.ids[position] for position in positions]
    names_of_truth = evidence.classes if labels is None else evidence.names
    truth = evidence.target.shown(evidence.targets[positions], names_of_truth)
    table = pd.DataFrame({"position": positions, "loss": evidence.losses[positions]})
    if labels is None or evidence.true_labels is None:
        return table.assign(row=[f"{row}: {true}" for row, true in zip(ids, truth, strict=True)])
    named = [evidence.names[label] for label in labels[positions].tolist()]
    is_right = labels[positions] == evidence.true_labels[positions]
    rows = [f"{row}: {true}, said to be {one}" for row, true, one in zip(ids, truth, named, strict=True)]
    return table.assign(row=rows, answer=np.where(is_right, "right", "wrong"), **{"class": truth})


def pictures_of(table: pd.DataFrame, first_images: np.ndarray, pictures: Pictures) -> list[str | None]:
    """Of each point its picture's name, of those that cost most as many as there is room for."""
    found: list[str | None] = [None] * len(table)
    order = np.argsort(-table["loss"].to_numpy(), kind="stable")
    for at in order[: pictures.affordable(SHARE_OF_PICTURES)].tolist():
        found[at] = pictures.of(int(first_images[table["position"].iloc[at]]))
    return found


def drawn(table: pd.DataFrame) -> Spec:
    """Coloured by class where there are few, else by whether it is named, else by loss."""
    is_of_class = "class" in table and table["class"].nunique() <= MOST_COLOURS
    tooltip = [{"field": name} for name in ("row", "loss")]
    encoding: Spec = {one: numbers(one, axis=None) for one in ("x", "y")} | {"tooltip": tooltip}
    if is_of_class:
        scheme = {"scheme": "tableau20"} if table["class"].nunique() > 10 else {}
        classes = sorted(table["class"].unique())
        encoding["color"] = names(
            "class", scale={"domain": classes, **scheme}, legend={"orient": "bottom", "columns": 5}
        )
    elif "answer" in table:
        encoding["color"] = names("answer", scale={"domain": ["wrong", "right"]}, legend={"orient": "top"})
    else:
        encoding["color"] = numbers("loss", scale={"type": "quantile", "scheme": "orangered"})
    if "answer" in table:
        shapes = {"domain": ["right", "wrong"], "range": ["circle", "cross"]}
        encoding["shape"] = names("answer", scale=shapes, legend={"orient": "top"})
        encoding["size"] = {"condition": {"test": "datum.answer === 'wrong'", "value": 90}, "value": 34}
    return chart(table, mark("point", filled=True, opacity=0.8, cursor="pointer"), height=HEIGHT, **encoding)
