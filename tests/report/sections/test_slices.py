"""Slices: intervals by hand, many of them judged together, and columns of each kind cut into parts."""

import math

import numpy as np
import pandas as pd
import pytest

from foldline.ensembling.intervals import cluster_interval
from foldline.report.page import LeftOut, Table
from foldline.report.sections.slices import MISSING, OTHERS, TOO_FEW, dividing_columns, slice_table, sliced, slices
from tests.report.drawn import drawn

ROWS = 200
HALF = pd.Series(np.repeat(["a", "b"], ROWS // 2))


def losses(of_a: float, of_b: float) -> np.ndarray:
    """Around these means, half of the rows 0.1 above and half below."""
    return np.repeat([of_a, of_b], ROWS // 2) + np.tile([0.1, -0.1], ROWS // 2)


def test_an_interval_over_clusters_by_hand() -> None:
    """Sums of (value - mean) / rows are -1/2 and 1/2 in two clusters: error sqrt(2 * 1/2), t of 1 is 12.706."""
    values = np.array([0.0, 0.0, 2.0, 2.0])
    found = cluster_interval((values - 1) / 4, np.array([7, 7, 9, 9]), 1.0)
    assert found == pytest.approx((1 - 12.7062, 1 + 12.7062), abs=1e-3)
    assert math.isnan(cluster_interval(values, np.zeros(4, np.int64), 1.0).low)


def test_rows_by_themselves_have_students_interval() -> None:
    """Of 1, 2, 3: deviation 1, error 1 / sqrt(3), t of 2 is 4.3027."""
    values = np.array([1.0, 2.0, 3.0])
    found = cluster_interval((values - 2) / 3, np.arange(3), 2.0)
    assert found == pytest.approx((2 - 4.3027 / math.sqrt(3), 2 + 4.3027 / math.sqrt(3)), abs=1e-3)


def test_a_worse_slice_comes_first() -> None:
    table = slice_table({"kind": HALF}, losses(0.2, 0.5), np.arange(ROWS))
    assert table["slice"].tolist() == ["kind: b", "kind: a"]
    assert table["rows"].tolist() == [100, 100]
    assert table["loss"].tolist() == pytest.approx([0.5, 0.2])
    assert table["more"].tolist() == pytest.approx([0.3, -0.3])
    assert table["verdict"].tolist() == ["worse", "better"]


def test_rows_of_few_clusters_prove_nothing() -> None:
    table = slice_table({"kind": HALF}, losses(0.2, 0.5), np.arange(ROWS) // (ROWS // 2))
    assert table["verdict"].tolist() == [TOO_FEW, TOO_FEW]


def test_of_many_slices_a_lucky_one_is_not_called_worse() -> None:
    """By itself it would be: its interval at 95 % excludes zero, the one for all slices does not."""
    generator = np.random.default_rng(7)
    noise = generator.normal(size=ROWS)
    columns = {f"c{number}": pd.Series(generator.permutation(HALF)) for number in range(60)}
    alone = [slice_table({name: column}, noise, np.arange(ROWS)) for name, column in columns.items()]
    assert any("worse" in set(table["verdict"]) for table in alone)
    assert set(slice_table(columns, noise, np.arange(ROWS))["verdict"]) == {""}


def test_a_slice_of_few_clusters_is_not_judged_and_comes_last() -> None:
    column = pd.Series(["rare"] * 5 + ["a"] * 95 + ["b"] * 100)
    table = slice_table({"kind": column}, np.where(column == "rare", 9.0, losses(0.2, 0.5)), np.arange(ROWS))
    assert table.iloc[-1][["slice", "verdict"]].tolist() == ["kind: rare", TOO_FEW]
    assert math.isnan(table.iloc[-1]["more low"])


def test_numbers_are_cut_into_fifths_and_texts_by_frequency() -> None:
    numbers = sliced(pd.Series([*map(float, range(100)), np.nan]))
    assert numbers.value_counts().to_dict() == {
        "0 .. 19": 20, "20 .. 39": 20, "40 .. 59": 20, "60 .. 79": 20, "80 .. 99": 20, MISSING: 1
    }  # fmt: skip
    assert sliced(pd.Series([1.0, 2.0, 2.5])).tolist() == ["1", "2", "2.5"]
    texts = sliced(pd.Series([f"v{one}" for one in range(9) for _ in range(9 - one)] + [None]))
    assert texts.value_counts()["v0"] == 9
    assert texts.value_counts()[OTHERS] == 2 + 1
    assert texts.iloc[-1] == MISSING
    assert sliced(pd.Series([1e6, 1234567.0])).tolist() == ["1,000,000", "1,234,567"]


def test_columns_are_of_features_images_and_clusters() -> None:
    evidence = drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]])
    rows = evidence.rows.assign(**{"tabular:age": [30.0, 40.0]}).iloc[[1, 0]].reset_index(drop=True)
    images = pd.DataFrame(
        {"row": [0, 1, 1], "cache_index": 0, "height": [10, 20, 7], "width": [20, 20, 7], "error": None}
    )
    found = dividing_columns(
        drawn([0, 1], [[0.5, 0.5], [0.5, 0.5]], rows=rows, images=images, clusters=np.array([5, 5]))
    )
    assert {name: column.tolist() for name, column in found.items()} == {
        "age": [30.0, 40.0],
        "image pixels": [400, 200],
        "width / height": [1.0, 2.0],
        "images of the row": [2, 1],
        "rows of the cluster": [2, 2],
    }


def test_the_section_names_what_is_worse_or_that_nothing_is() -> None:
    turns = np.arange(ROWS)
    predictions = np.where(turns < ROWS // 2, 0.9, 0.6) + 0.01 * (-1.0) ** turns
    evidence = drawn(np.zeros(ROWS, np.int64), np.stack([predictions, 1 - predictions], axis=1))
    rows = evidence.rows.assign(**{"tabular:site": np.where(turns < ROWS // 2, "lab", "field")})
    found = slices(drawn(np.zeros(ROWS, np.int64), evidence.after, rows=rows))
    assert found.title == "Really worse: site: field, log loss 0.511 against 0.105"
    table = found.body[1]
    assert isinstance(table, Table)
    assert [str(cell) for cell in table.rows[0]][:2] == ["site: field", "100"]
    same = slices(drawn(np.zeros(ROWS, np.int64), np.full((ROWS, 2), 0.5), rows=rows))
    assert same.title == "No slice is really worse than the rest"
    with pytest.raises(LeftOut, match="parts of at least 30 clusters"):
        slices(evidence)
