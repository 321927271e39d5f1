"""The study as pictures: every technique's gain, and the curve of one long training. Both need no network."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
import vl_convert

from benchmarks.techniques.gains import Judged

VERDICTS = {"better": "#2ca02c", "not yet real": "#999999", "worse": "#d62728"}
PARTS = {"train": "#1f77b4", "validation": "#d62728"}
SCALE = 1.5


def draw_gains(judged: Sequence[Judged]) -> bytes:
    """A PNG: a line per technique, its gain in accuracy (points) and the interval that its verdict looks at."""
    points = []
    for one in judged:
        if one.technique.changes and one.standings:
            standing = one.standings["right"]
            low, gain, high = (
                100 * value
                for value in (standing.comparison.over_folds.low, standing.gain[0], standing.comparison.over_folds.high)
            )
            line = {"technique": one.technique.name, "verdict": standing.verdict}
            points.append(line | {"gain": gain, "low": low, "high": high})
    colour = {"field": "verdict", "scale": {"domain": list(VERDICTS), "range": list(VERDICTS.values())}, "title": None}
    names = {"field": "technique", "type": "nominal", "sort": {"field": "gain", "order": "descending"}, "title": None}
    names["axis"] = {"labelLimit": 300}
    title = "gain in accuracy over the baseline, points, with its 95 % interval over folds"
    # A failure loses thirty points, where others differ by one.
    reach = {"field": "low", "type": "quantitative", "title": title, "scale": {"type": "symlog", "constant": 1}}
    marks = [
        {"mark": "rule", "encoding": {"x": {"datum": 0}}},
        {"mark": {"type": "rule", "strokeWidth": 2}, "encoding": _at(names, reach, colour) | {"x2": {"field": "high"}}},
        {
            "mark": {"type": "circle", "size": 70, "opacity": 1},
            "encoding": _at(names, reach | {"field": "gain"}, colour),
        },
    ]
    return _png({"data": {"values": points}, "width": 620, "height": {"step": 17}, "layer": marks})


def draw_curve(history: pd.DataFrame) -> bytes:
    """A PNG of a history.csv: loss and accuracy of training and validation rows, and the learning rate, by epoch."""
    panels = [_panel(history, measure) for measure in ("loss", "accuracy")]
    rate = {
        "data": {"values": history[["epoch", "learning_rate"]].to_dict("records")},
        "width": 300,
        "mark": {"type": "line", "point": True, "color": "#555"},
        "encoding": _at({"field": "learning_rate", "type": "quantitative", "title": "learning rate"}, _EPOCHS, None),
    }
    return _png({"hconcat": [*panels, rate]})


_EPOCHS = {"field": "epoch", "type": "quantitative", "axis": {"tickMinStep": 1}}


def _panel(history: pd.DataFrame, measure: str) -> dict[str, Any]:
    values = [
        {"epoch": int(line["epoch"]), "value": line[f"{part}_{measure}"], "rows": part}
        for _, line in history.iterrows()
        for part in PARTS
    ]
    colour = {"field": "rows", "scale": {"domain": list(PARTS), "range": list(PARTS.values())}, "title": None}
    height = {"field": "value", "type": "quantitative", "title": measure, "scale": {"zero": False}}
    return {
        "data": {"values": values},
        "width": 300,
        "mark": {"type": "line", "point": True},
        "encoding": _at(height, _EPOCHS, colour),
    }


def _at(y: dict[str, Any], x: dict[str, Any], colour: dict[str, Any] | None) -> dict[str, Any]:
    return {"x": x, "y": y} | ({} if colour is None else {"color": colour})


def _png(chart: dict[str, Any]) -> bytes:
    return vl_convert.vegalite_to_png(chart | {"background": "white"}, scale=SCALE)
