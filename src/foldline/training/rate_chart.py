"""A learning-rate sweep as a chart: losses and accuracy against the rate, with the suggested rates."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import vl_convert

COLOURS = {"training": "#1f77b4", "validation": "#d62728"}
WIDTH_PIXELS, HEIGHT_PIXELS, SCALE = 720, 260, 2.0
CLEAR_OF_DIVERGENCE = 1.3
"""Above this multiple of the training loss's first smoothed value losses are cut off: the last steps would flatten all
the others, and so would the validation loss of BatchNorm without statistics, which can begin above 1,000."""


def draw_sweep(sweep: pd.DataFrame, suggestions: Mapping[str, float]) -> bytes:
    """A PNG of a table with the columns of rate_finder.COLUMNS. Needs no network."""
    losses = {"training": "train_loss", "validation": "validation_loss"}
    highest_loss = CLEAR_OF_DIVERGENCE * float(sweep["smoothed_train_loss"].iloc[0])
    panels = [
        _panel(sweep, losses, suggestions, "loss", highest_loss),
        _panel(sweep, {"validation": "validation_accuracy"}, suggestions, "validation accuracy", 1.0),
    ]
    return vl_convert.vegalite_to_png({"vconcat": panels, "background": "white"}, scale=SCALE)


def _panel(
    sweep: pd.DataFrame, curves: Mapping[str, str], suggestions: Mapping[str, float], title: str, highest: float
) -> dict[str, Any]:
    """Raw values thin, smoothed ones thick, a dashed line at each suggestion, which the legend names."""
    points = [
        {"rate": rate, "raw": min(raw, highest), "smoothed": min(smooth, highest), "rows": rows}
        for rows, column in curves.items()
        for rate, raw, smooth in sweep[["learning_rate", column, f"smoothed_{column}"]].itertuples(index=False)
    ]
    marks = [
        {"rate": rate, "suggestion": f"{name.replace('_', ' ')}: {rate:.1e}"} for name, rate in suggestions.items()
    ]
    ends = [float(sweep["learning_rate"].min()), float(sweep["learning_rate"].max())]
    rates = {
        "field": "rate",
        "type": "quantitative",
        "scale": {"type": "log", "domain": ends, "nice": False},
        "axis": {"format": ".0e", "grid": False, "title": "learning rate of the head"},
    }
    dashes = {"field": "suggestion", "sort": None, "title": None, "legend": {"labelLimit": 0, "symbolSize": 400}}
    colour = {
        "field": "rows",
        "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())},
        "title": None,
        "legend": {"symbolOpacity": 1, "symbolStrokeWidth": 2.5},
    }

    def line(field: str, **mark: Any) -> dict[str, Any]:
        height = {"field": field, "type": "quantitative", "title": title, "scale": {"zero": False}}
        return {"mark": {"type": "line", **mark}, "encoding": {"x": rates, "y": height, "color": colour}}

    rules = {"mark": {"type": "rule", "color": "#555"}, "encoding": {"x": rates, "strokeDash": dashes}}
    return {
        "width": WIDTH_PIXELS,
        "height": HEIGHT_PIXELS,
        "layer": [
            {"data": {"values": marks}, **rules},
            {"data": {"values": points}, **line("raw", opacity=0.3, strokeWidth=1)},
            {"data": {"values": points}, **line("smoothed", strokeWidth=2.5)},
        ],
    }
