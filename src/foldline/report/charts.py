"""What several sections' charts and tables are made of; colours, fonts and widths are the page's.

Their data are tables whose columns are named in plain words, which headings, axes and tooltips show as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from jaxtyping import Int64

from foldline.report.page import UNKNOWN, Cell, Table

Spec = dict[str, Any]
MOST_POINTS = 2000
"""Of one chart: what is drawn row by row does not grow with the rows."""
MOST_LISTED = 40
"""Rows of one table."""
SEED = 0
HEIGHT = 260
DIGITS = 5
VERDICTS = {"worse": "bad", "better": "good", "differs": "bad", "alike": "quiet", "too few": "quiet", "": ""}
"""What a column `verdict` may say, and its tone."""
SHOWN: Mapping[type, str] = {int: ",", float: ".4g", str: ""}
QUIET = {"strokeDash": [4, 4], "opacity": 0.7, "color": "gray"}
GREY_SYMBOLS = {"orient": "top", "symbolFillColor": "gray", "symbolStrokeColor": "gray"}
"""Of a legend of shapes or dashes: by itself it would be black on black."""
HOVER = {"content": "data"}
PERCENT = {"format": "~p", "tickCount": 6}


def drawn_rows(count: int, most: int = MOST_POINTS) -> Int64[np.ndarray, " drawn"]:
    """Rising positions of at most so many of `count` rows: of as many rows always the same ones."""
    return np.sort(np.random.default_rng(SEED).permutation(count)[:most])


def table_of(frame: pd.DataFrame, caption: str, formats: Mapping[str, str] | None = None, texts: int = 1) -> Table:
    """The first MOST_LISTED rows, which the caption says where there are more. formats: by column, of its numbers.
    texts: as in `Table`."""
    shown, given = frame.head(MOST_LISTED), formats or {}
    rows = [[_cell(str(name), value, given) for name, value in row.items()] for row in shown.to_dict("records")]
    cut = f", the first {len(shown)} of {len(frame):,}" if len(shown) < len(frame) else ""
    return Table([str(name) for name in frame.columns], rows, caption + cut, texts)


def _cell(column: str, value: Any, formats: Mapping[str, str]) -> str | Cell:
    if column == "verdict":
        return Cell(value, VERDICTS[value])
    if isinstance(value, Cell):
        return value
    return UNKNOWN if pd.isna(value) else format(value, formats.get(column, SHOWN[type(value)]))


def numbers(field: str, **more: Any) -> Spec:
    """A channel of numbers, whose axis begins where they do unless told otherwise."""
    return {"field": field, "type": "quantitative", "scale": {"zero": False, "nice": False, "padding": 6}, **more}


def shares(field: str, **more: Any) -> Spec:
    return numbers(field, axis=PERCENT, **more)


def names(field: str, **more: Any) -> Spec:
    """A channel of texts, in the table's order."""
    return {"field": field, "type": "nominal", "sort": None, "title": None, **more}


def mark(kind: str, encoding: Spec | None = None, of: Sequence[Mapping[str, Any]] | None = None, **more: Any) -> Spec:
    """A layer. of: its own data, where they are not the chart's. more: the mark's properties."""
    data = {} if of is None else {"data": {"values": list(of)}}
    return {**data, "mark": {"type": kind, **more}, "encoding": encoding or {}}


def intervals(channel: str, field: str, encoding: Spec | None = None, **more: Any) -> list[Spec]:
    """Points, and lines from `low` to `high` through them, along x or y. more: of the axis."""
    span = {channel: numbers("low", **more), f"{channel}2": {"field": "high"}}
    point = mark("point", {channel: numbers(field, **more), **(encoding or {})}, filled=True, size=55, tooltip=HOVER)
    return [mark("rule", {**span, **(encoding or {})}), point]


def level(channel: str, value: float, **more: Any) -> Spec:
    """A dashed line at a value of x or y."""
    return mark("rule", {channel: numbers("at", **more)}, [{"at": value}], **QUIET)


def diagonal(x: str, y: str, low: float, high: float) -> Spec:
    """Where the fields of a chart's x and y are equal."""
    return mark("line", {"color": {"value": QUIET["color"]}}, [{x: low, y: low}, {x: high, y: high}], **QUIET)


def chart(table: pd.DataFrame, *layers: Spec, height: int = HEIGHT, **encoding: Any) -> Spec:
    """Layers over one table; `encoding` is what they share."""
    return {"data": {"values": records(table)}, "height": height, "encoding": encoding, "layer": list(layers)}


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as JSON has them: numbers to DIGITS digits, null for what is missing."""
    return [{str(name): _plain(value) for name, value in row.items()} for row in table.to_dict("records")]


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")
    return value
