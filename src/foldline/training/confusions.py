"""Confusion matrices as a picture: of every probe on one scale, from none to all images of a class."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import vl_convert

MOST_CLASSES = 40
CELL_PIXELS, LEAST_SIDE_PIXELS, COLUMNS = 16, 120, 3


def drawable(classes: Sequence[str]) -> bool:
    return len(classes) <= MOST_CLASSES


def draw_confusions(confusions: pd.DataFrame, classes: Sequence[str], title: str) -> bytes:
    """A PNG with a panel per stage. confusions: columns stage, class, predicted, images. Needs no network."""
    of_class = confusions.groupby(["stage", "class"])["images"].transform("sum").clip(lower=1)
    values = confusions.assign(fraction=confusions["images"] / of_class)[["stage", "class", "predicted", "fraction"]]

    def axis(field: str) -> dict[str, Any]:
        return {"field": field, "type": "nominal", "sort": list(classes)}

    scale = {"domain": [0, 1], "scheme": "blues"}
    colour = {"field": "fraction", "type": "quantitative", "scale": scale, "title": "fraction of the class"}
    side = max(CELL_PIXELS * len(classes), LEAST_SIDE_PIXELS)
    panel = {"mark": "rect", "width": side, "height": side}
    encoding = {"x": axis("predicted"), "y": axis("class"), "color": colour}
    stages = {"field": "stage", "type": "nominal", "sort": list(dict.fromkeys(confusions["stage"])), "title": title}
    chart = {"data": {"values": values.to_dict("records")}, "columns": COLUMNS, "facet": stages}
    return vl_convert.vegalite_to_png({**chart, "spec": {**panel, "encoding": encoding}, "background": "white"})
