"""Regression: scores of columns and residuals by hand, and a page that grows with no number of rows."""

import json

import numpy as np
import pytest

from foldline.report.charts import MOST_POINTS
from foldline.report.page import Chart, LeftOut
from foldline.report.sections.numbers import numbers, residual_bins, scores_by_column
from tests.report.drawn import drawn

TARGET = {"kind": "regression", "values": {"kind": "columns", "columns": ["a", "b"]}, "group": None}


def test_scores_of_a_column_by_hand() -> None:
    """Errors 1, 0, -2 of 1, 2, 3: R² 1 - 5 / 2, MAE 1, RMSE sqrt(5 / 3), bias -1 / 3; of b one number is missing."""
    wanted = np.array([[1.0, 5.0], [2.0, np.nan], [3.0, 7.0]])
    found = np.array([[2.0, 5.0], [2.0, 99.0], [1.0, 7.0]])
    table = scores_by_column(wanted, found, ("a", "b"))
    assert table["column"].tolist() == ["a", "b"], "the one that is explained worst comes first"
    assert table["known"].tolist() == [3, 2]
    assert table.iloc[0, 2:].tolist() == pytest.approx([1 - 5 / 2, 1.0, np.sqrt(5 / 3), -1 / 3])
    assert table.iloc[1, 2:].tolist() == pytest.approx([1.0, 0.0, 0.0, 0.0])


def test_a_column_without_a_number_is_told_as_such() -> None:
    assert scores_by_column(np.array([[np.nan]]), np.array([[1.0]]), ("a",)).iloc[0].isna().sum() == 4


def test_residuals_by_what_is_predicted() -> None:
    """Twenty rows in two bins: the lower ten are 1 too low, the upper ten alternate between 0 and 2 too high."""
    found = np.arange(20.0)
    wanted = found + np.where(found < 10, 1, -np.tile([0.0, 2.0], 10))
    table = residual_bins(wanted, found, np.arange(20))
    assert table["predicted"].tolist() == [4.5, 14.5]
    assert table["residual"].tolist() == [-1.0, 1.0]
    assert table["rows"].tolist() == [10, 10]
    reach = 2.2622 * np.sqrt(10 / 9) / np.sqrt(10)  # t of 9; the deviation of 0 and 2 by turns
    assert table[["low", "high"]].to_numpy()[1].tolist() == pytest.approx([1 - reach, 1 + reach], abs=1e-3)
    assert table[["low", "high"]].to_numpy()[0].tolist() == [-1.0, -1.0]


def test_the_section_shows_each_column_and_never_more_than_so_many_points() -> None:
    generator = np.random.default_rng(0)
    wanted = generator.normal(size=(3 * MOST_POINTS, 2)).astype(np.float32)
    found = wanted + np.array([0.1, 1.0], np.float32) * generator.normal(size=wanted.shape).astype(np.float32)
    shape = {"classes": ("a", "b"), "target": TARGET, "metric": {"kind": "mae"}, "form": "value"}
    section = numbers(drawn(wanted, found, **shape))
    assert section.title.startswith("Of 2 numbers, b is explained worst: R² ")
    charts = [part for part in section.body if isinstance(part, Chart)]
    assert [chart.description.partition(":")[0] for chart in charts] == ["b", "b", "a", "a"]
    assert [len(chart.spec["data"]["values"]) for chart in charts] == [MOST_POINTS // 2, 10, MOST_POINTS // 2, 10]
    assert len(json.dumps([chart.spec for chart in charts])) < 150_000
    alone = numbers(drawn(wanted[:, :1], found[:, :1], **{**shape, "classes": ("a",)}))
    assert alone.title.startswith("99% of the variance is explained")


def test_classes_have_no_such_section() -> None:
    with pytest.raises(LeftOut):
        numbers(drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]]))
