"""A learning-rate sweep as a picture: the suggested rates, losses and accuracy, each against the rate."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import vl_convert

COLOURS = {"training": "#1f77b4", "validation": "#d62728"}
MARKS = "#555"
WIDTH_PIXELS, HEIGHT_PIXELS, ROW_PIXELS, SCALE = 720, 260, 18, 2.0
CLEAR_OF_DIVERGENCE = 1.3
"""Above this multiple of the training loss's first smoothed value losses are cut off: the last steps would flatten all
the others, and so would the validation loss of BatchNorm without statistics, which can begin above 1,000."""


def draw_sweep(sweep: pd.DataFrame, suggestions: Mapping[str, float]) -> bytes:
    """A PNG of a table with the columns of rate_finder.COLUMNS. Needs no network."""
    curves = {"training": "train_loss", "validation": "validation_loss"}
    panels = [
        _names(sweep, suggestions),
        _panel(sweep, curves, suggestions, "loss", _most_loss(sweep)),
        _panel(sweep, {"validation": "validation_accuracy"}, suggestions, "validation accuracy", 1.0),
    ]
    return vl_convert.vegalite_to_png({"vconcat": panels, "background": "white"}, scale=SCALE)


def _most_loss(sweep: pd.DataFrame) -> float:
    return CLEAR_OF_DIVERGENCE * float(sweep["smoothed_train_loss"].iloc[0])


def _rates(sweep: pd.DataFrame, **axis: Any) -> dict[str, Any]:
    ends = [float(sweep["learning_rate"].min()), float(sweep["learning_rate"].max())]
    scale = {"type": "log", "domain": ends, "nice": False}
    axis = {"format": ".0e", "grid": False, "title": "learning rate of the head"} | axis
    return {"field": "rate", "type": "quantitative", "scale": scale, "axis": axis}


def _names(sweep: pd.DataFrame, suggestions: Mapping[str, float]) -> dict[str, Any]:
    """A row for each suggestion, so that none covers another or a curve; its value on the side with more room."""
    rates = sweep["learning_rate"]
    middle = float((rates.min() * rates.max()) ** 0.5)
    points = [
        {"rate": rate, "name": name.replace("_", " "), "value": f"{rate:.1e}"} for name, rate in suggestions.items()
    ]
    rows = {"field": "name", "type": "nominal", "title": None, "sort": [point["name"] for point in points]}
    where = {"x": _rates(sweep, labels=False, ticks=False, title=None), "y": rows}
    sides = (("left", 8, f"datum.rate <= {middle}"), ("right", -8, f"datum.rate > {middle}"))
    return {
        "width": WIDTH_PIXELS,
        "height": ROW_PIXELS * len(points),
        "data": {"values": points},
        "layer": [
            {"mark": {"type": "tick", "thickness": 2, "color": MARKS}, "encoding": where},
            *(
                {
                    "transform": [{"filter": side}],
                    "mark": {"type": "text", "align": align, "dx": distance, "color": MARKS},
                    "encoding": where | {"text": {"field": "value"}},
                }
                for align, distance, side in sides
            ),
        ],
    }


def _panel(
    sweep: pd.DataFrame, curves: Mapping[str, str], suggestions: Mapping[str, float], title: str, most: float
) -> dict[str, Any]:
    """Raw values thin, smoothed ones thick, a dashed line at each suggestion."""
    points = [
        {"rate": rate, "raw": min(raw, most), "smoothed": min(smooth, most), "rows": rows}
        for rows, column in curves.items()
        for rate, raw, smooth in sweep[["learning_rate", column, f"smoothed_{column}"]].itertuples(index=False)
    ]
    rates = _rates(sweep)
    colour = {"field": "rows", "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())}}
    colour |= {"title": None, "legend": {"symbolOpacity": 1, "symbolStrokeWidth": 2.5}}

    def line(field: str, **mark: Any) -> dict[str, Any]:
        height = {"field": field, "type": "quantitative", "title": title, "scale": {"zero": False}}
        return {"mark": {"type": "line", **mark}, "encoding": {"x": rates, "y": height, "color": colour}}

    return {
        "width": WIDTH_PIXELS,
        "height": HEIGHT_PIXELS,
        "layer": [
            {
                "data": {"values": [{"rate": rate} for rate in suggestions.values()]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": MARKS},
                "encoding": {"x": rates},
            },
            {"data": {"values": points}, **line("raw", opacity=0.3, strokeWidth=1)},
            {"data": {"values": points}, **line("smoothed", strokeWidth=2.5)},
        ],
    }
