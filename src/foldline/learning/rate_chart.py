"""A learning-rate sweep as a picture: losses and accuracy against the rate, with the suggested rates marked."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import vl_convert

COLOURS = {"training": "#1f77b4", "validation": "#d62728"}
WIDTH_PIXELS, HEIGHT_PIXELS, SCALE = 720, 260, 2.0
CLEAR_OF_DIVERGENCE = 1.3
"""Above this multiple of its first smoothed value a loss is cut off: the last steps would flatten all the others."""


def draw_sweep(sweep: pd.DataFrame, suggestions: Mapping[str, float]) -> bytes:
    """A PNG of a table with the columns of rate_finder.COLUMNS. Needs no network."""
    curves = {"training": "train_loss", "validation": "validation_loss"}
    losses = _panel(sweep, curves, suggestions, "loss", _most_loss(sweep))
    accuracy = _panel(sweep, {"validation": "validation_accuracy"}, suggestions, "validation accuracy", 1.0)
    return vl_convert.vegalite_to_png({"vconcat": [losses, accuracy], "background": "white"}, scale=SCALE)


def _most_loss(sweep: pd.DataFrame) -> float:
    smoothed = sweep[["smoothed_train_loss", "smoothed_validation_loss"]]
    return CLEAR_OF_DIVERGENCE * float(smoothed.iloc[0].max())


def _panel(
    sweep: pd.DataFrame, curves: Mapping[str, str], suggestions: Mapping[str, float], title: str, most: float
) -> dict[str, Any]:
    """Raw values thin, smoothed ones thick, a dashed line at each suggestion; names of neighbours at two heights."""
    points = [
        {"rate": rate, "raw": min(raw, most), "smoothed": min(smooth, most), "rows": rows}
        for rows, column in curves.items()
        for rate, raw, smooth in sweep[["learning_rate", column, f"smoothed_{column}"]].itertuples(index=False)
    ]
    ends = [float(sweep["learning_rate"].min()), float(sweep["learning_rate"].max())]
    scale = {"type": "log", "domain": ends, "nice": False}
    rates = {"field": "rate", "type": "quantitative", "scale": scale, "axis": {"format": ".0e"}}
    rates["title"] = "learning rate of the head"
    colour = {"field": "rows", "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())}, "title": None}

    def line(field: str, **mark: Any) -> dict[str, Any]:
        height = {"field": field, "type": "quantitative", "title": title, "scale": {"zero": False}}
        return {"mark": {"type": "line", **mark}, "encoding": {"x": rates, "y": height, "color": colour}}

    def name(text: str, rate: float, top: float) -> dict[str, Any]:
        mark = {"type": "text", "text": text, "angle": 270, "align": "right", "dy": -6, "y": top, "color": "#555"}
        return {"data": {"values": [{"rate": rate}]}, "mark": mark, "encoding": {"x": rates}}

    marked = sorted(suggestions.items(), key=lambda suggestion: suggestion[1])
    return {
        "width": WIDTH_PIXELS,
        "height": HEIGHT_PIXELS,
        "layer": [
            {"data": {"values": points}, **line("raw", opacity=0.3, strokeWidth=1)},
            {"data": {"values": points}, **line("smoothed", strokeWidth=2.5)},
            {
                "data": {"values": [{"rate": rate} for _, rate in marked]},
                "mark": {"type": "rule", "strokeDash": [4, 4], "color": "#555"},
                "encoding": {"x": rates},
            },
            *(
                name(f"{text} {rate:.1e}", rate, 4 + place % 2 * HEIGHT_PIXELS / 2)
                for place, (text, rate) in enumerate(marked)
            ),
        ],
    }
