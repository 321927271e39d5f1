"""What a fold's model sees: t-SNE of its out-of-fold rows' features, whose points open their pictures."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import scipy
from jaxtyping import Int64

from foldline.files.refusal import Refusal
from foldline.predicting.feature_space import Space
from foldline.report.charts import GREY_SYMBOLS, Spec, chart, mark, names, numbers
from foldline.report.evidence import Evidence
from foldline.report.feature_map import feature_map
from foldline.report.page import Chart, LeftOut, Section
from foldline.report.pictures import Pictures
from foldline.report.row_figures import row_lines

PART, STAGE = "out_of_fold", "last"
MOST_COLOURS = 20
HEIGHT = 520
NO_PICTURE = "no room for this picture"
SHARE_OF_PICTURES = 0.9
"""Of what the page may still hold."""


def map_of_features(evidence: Evidence, space_of: Callable[[], Space], pictures: Pictures) -> Section:
    """space_of: gives that of a fold's model, with features of STAGE; what it refuses, and too few rows, leave the map
    out."""
    try:
        space = space_of()
        points = feature_map(space.vectors(PART, STAGE), space.ids[PART], [""] * len(space.ids[PART]))
    except Refusal as why:
        raise LeftOut(f"the map of features: {str(why).rstrip('.')}") from why
    positions = pd.Index(evidence.ids).get_indexer(pd.Index(points["row_id"]))
    points, positions = points.loc[positions >= 0, ["x", "y"]], positions[positions >= 0]
    table = pd.concat([points.reset_index(drop=True), said_of_points(evidence, positions)], axis=1)
    # The keyboard goes through the points in this order, and room for pictures is given in it.
    table = table.sort_values("loss", ascending=False, ignore_index=True)
    table["picture"] = pictures_of(evidence.first_images[table.pop("position")], pictures)
    has_none = table["picture"].isna()
    table.loc[has_none, "row"] += f" ({NO_PICTURE})"
    lede = (
        f"t-SNE of the features that the head of {space.name} is given, of {len(table):,} rows that this model has not "
        "learned from. Only who is near whom means anything: not distances between groups, nor their sizes. A point "
        "opens its picture, Enter the first, arrow keys the next."
        + (f" Of {has_none.sum():,} there was no room for one." if has_none.any() else "")
    )
    drawing = Chart(drawn(table), f"Map of {len(table):,} rows; Enter opens their pictures.", "picture", "row")
    return Section("map", headline(table), lede, [drawing])


def headline(table: pd.DataFrame) -> str:
    """By whether the nearest point is of the same class, where there are classes."""
    if "class" not in table:
        return "What the model takes for alike lies together"
    nearest = scipy.spatial.KDTree(table[["x", "y"]]).query(table[["x", "y"]], k=2)[1][:, 1]
    pairs = pd.DataFrame({"own": table["class"], "other": table["class"].to_numpy()[nearest]})
    mixed = pairs[pairs["own"] != pairs["other"]]
    said = f"{1 - len(mixed) / len(pairs):.1%} of the rows lie next to one of their own class"
    if mixed.empty:
        return said
    own, other = mixed.apply(sorted, axis=1).value_counts().index[0]
    return f"{said}; most mixed are {own} and {other}"


def said_of_points(evidence: Evidence, positions: Int64[np.ndarray, " points"]) -> pd.DataFrame:
    """`position` among the out-of-fold rows, `row` (what is said of it, in words), `loss`; where rows have one class
    each `class`, and whether it is named: `answer`, right or wrong."""
    rows = ["; ".join(row_lines(evidence, row)) for row in positions.tolist()]
    table = pd.DataFrame({"position": positions, "row": rows, "loss": evidence.losses[positions]})
    true, labels = evidence.true_labels, evidence.labels
    if true is None or labels is None:
        return table
    is_right = labels[positions] == true[positions]
    classes = [evidence.names[label] for label in true[positions].tolist()]
    return table.assign(answer=np.where(is_right, "right", "wrong"), **{"class": classes})


def pictures_of(cache_indices: Int64[np.ndarray, " points"], pictures: Pictures) -> list[str | None]:
    """Of each point its picture's name, of as many as there is room for."""
    room = pictures.affordable(SHARE_OF_PICTURES)
    return [pictures.of(index) if at < room else None for at, index in enumerate(cache_indices.tolist())]


def drawn(table: pd.DataFrame) -> Spec:
    """Coloured by class where there are few, else by whether it is named, else by loss."""
    is_of_class = "class" in table and table["class"].nunique() <= MOST_COLOURS
    encoding: Spec = {one: numbers(one, axis=None) for one in ("x", "y")} | {"tooltip": {"field": "row"}}
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
        encoding["shape"] = names("answer", scale=shapes, legend=GREY_SYMBOLS)
        encoding["size"] = {"condition": {"test": "datum.answer === 'wrong'", "value": 90}, "value": 34}
    return chart(table, mark("point", filled=True, opacity=0.8, cursor="pointer"), height=HEIGHT, **encoding)
