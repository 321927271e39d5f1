"""What charts and tables of sections are made of; and that Vega-Lite takes the chart of each section."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
import vl_convert

from foldline.report.charts import MOST_LISTED, drawn_rows, records, table_of
from foldline.report.page import UNKNOWN, Cell, Chart, Section, gathered
from foldline.report.sections.curves import curves
from foldline.report.sections.labels import labels
from foldline.report.sections.map import drawn as drawn_map
from foldline.report.sections.numbers import numbers
from foldline.report.sections.ordinal import ordinal
from foldline.report.sections.rankings import rankings
from foldline.report.sections.reliability import reliability
from foldline.report.sections.shift import drawn as drawn_shift
from foldline.report.sections.shift import histogram
from foldline.report.sections.slices import slices
from tests.report.drawn import drawn

ROWS = 80
TURNS = np.arange(ROWS)
CLASSES = ("low", "middle", "high")
GROUPED: dict[str, Any] = {"group": None, "column": "label"}
KINDS: dict[str, dict[str, Any]] = {
    "levels": {"target": {"kind": "ordinal", "levels": CLASSES, **GROUPED}, "metric": {"kind": "accuracy"}},
    "ranked": {"target": {"kind": "ranked", "new_class": None, **GROUPED}, "metric": {"kind": "map_at_k", "k": 2},
               "answers": np.tile([0, 1], (ROWS, 1))},
    "classes": {"metric": {"kind": "log_loss"}},
    "sets": {"target": {"kind": "multilabel", "group": None,
                        "labels": {"kind": "delimited", "column": "l", "delimiter": " "}},
             "metric": {"kind": "binary_log_loss"}, "form": "independent"},
    "numbers": {"target": {"kind": "regression", "group": None, "values": {"kind": "columns", "columns": CLASSES}},
                "metric": {"kind": "mae"}, "form": "value"},
}  # fmt: skip


def test_few_rows_are_all_drawn_and_of_many_the_same_ones() -> None:
    assert drawn_rows(4, 9).tolist() == [0, 1, 2, 3]
    assert len(drawn_rows(10_000, 50)) == 50
    assert drawn_rows(10_000, 50).tolist() == drawn_rows(10_000, 50).tolist()


def test_a_table_for_people() -> None:
    frame = pd.DataFrame({"name": ["a", "b"], "rows": [1234, 5], "share": [0.5, np.nan], "verdict": ["worse", ""]})
    table = table_of(frame, "Names", {"share": ".1%"})
    assert table.rows[0] == ["a", "1,234", "50.0%", Cell("worse", "bad")]
    assert table.rows[1][2] == UNKNOWN
    assert table.caption == "Names"
    long = table_of(pd.DataFrame({"at": range(5000)}), "Rows")
    assert len(long.rows) == MOST_LISTED
    assert long.caption == f"Rows, the first {MOST_LISTED} of 5,000"


def test_data_of_charts_are_plain_and_short() -> None:
    frame = pd.DataFrame({"x": [1 / 3, np.nan], "name": ["a", None], "rows": [1, 2]})
    assert records(frame)[0] == {"x": 0.33333, "name": "a", "rows": 1}
    assert records(frame)[1]["x"] is None


def of_kind(kind: str) -> list[Section]:
    shape = {"form": "distribution", **KINDS[kind]}
    targets: Any = {"sets": np.eye(3, dtype=np.uint8), "numbers": np.eye(3, dtype=np.float32)}.get(kind, TURNS[:3])
    predictions = np.array([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.5, 0.4]])[TURNS % 3]
    if kind == "levels":
        shape["answers"] = predictions.argmax(axis=1)
    history = pd.DataFrame(
        {"fold": [0, 0, 1, 1], "seed": 0, "epoch": [1, 2, 1, 2], "learning_rate": 0.1, "train_loss": 1.0,
         "train_accuracy": 0.5, "validation_loss": 1.0, "validation_accuracy": 0.5}
    )  # fmt: skip
    images = pd.DataFrame({"row": TURNS, "cache_index": TURNS, "height": 8 + TURNS % 2, "width": 8, "error": None})
    found = drawn(targets[TURNS % 3], predictions, classes=CLASSES, history=history, images=images, **shape)
    sections = (numbers, labels, ordinal, rankings, reliability, slices, curves)
    return gathered(*(partial(section, found) for section in sections))[0]


@pytest.mark.parametrize(("kind", "expected"), [
    ("levels", ["ordinal", "reliability", "slices", "curves"]),
    ("ranked", ["rankings", "reliability", "slices", "curves"]),
    ("classes", ["reliability", "slices", "curves"]),
    ("sets", ["labels", "reliability", "slices", "curves"]),
    ("numbers", ["numbers", "slices", "curves"]),
])  # fmt: skip
def test_each_kind_of_target_has_its_sections_and_vega_takes_them(kind: str, expected: list[str]) -> None:
    found = of_kind(kind)
    assert [section.anchor for section in found] == expected
    charts = [part for section in found for part in section.body if isinstance(part, Chart)]
    assert len(charts) >= len(expected)
    for chart in charts:
        assert "marks" in vl_convert.vegalite_to_vega({**chart.spec, "width": 300})


def test_vega_takes_histograms_and_maps() -> None:
    table = pd.DataFrame(
        {"x": [0.0, 1.0], "y": [1.0, 0.0], "loss": [1.0, 2.0], "row": "r", "answer": "right", "class": "a"}
    )
    specs = [drawn_shift(histogram(np.arange(9.0), np.arange(7.0), "contrast"), "contrast"), drawn_map(table)]
    for spec in specs:
        assert "marks" in vl_convert.vegalite_to_vega({**spec, "width": 300})
