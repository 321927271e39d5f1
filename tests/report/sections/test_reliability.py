"""Reliability: bins, their error and what chance makes of it; claims of each form; bounds against the metric."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import TypeAdapter

from foldline.ensembling.bounds import AbsoluteBounds, bounds_from, described_bounds, lower_bounds
from foldline.ensembling.forms import Form
from foldline.ensembling.intervals import wilson_interval
from foldline.files.compact import IN_MEMORY, compact_array
from foldline.report.evidence import GAINS
from foldline.report.page import Chart, LeftOut, Words
from foldline.report.sections.reliability import (
    bins_of,
    bounds_curve,
    calibration_error,
    error_by_chance,
    lower_in_force,
    reliability,
    verdict,
)
from tests.report.drawn import drawn

ROWS = 400


def form(fact: Any) -> Any:
    return TypeAdapter(Form).validate_python(fact)


def test_bins_hold_equally_many_claims_on_either_side_of_one_half() -> None:
    """40 claims below one half, 20 above: two bins of 20 and one of 20."""
    said = np.repeat([0.1, 0.3, 0.9], 20)
    came_true = np.concatenate([np.repeat([1.0, 0.0], [2, 18]), np.repeat([1.0, 0.0], [10, 10]), np.ones(20)])
    bins = bins_of(said, came_true)
    assert bins["claims"].tolist() == [20, 20, 20]
    assert bins["said"].tolist() == pytest.approx([0.1, 0.3, 0.9])
    assert bins["came true"].tolist() == pytest.approx([0.1, 0.5, 1.0])
    assert calibration_error(bins) == pytest.approx((0 + 0.2 + 0.1) / 3)
    assert (bins["low"] < bins["came true"]).all()


def test_equal_probabilities_share_a_bin() -> None:
    assert bins_of(np.full(1000, 0.7), np.ones(1000))["claims"].tolist() == [1000]
    assert len(bins_of(np.array([0.2]), np.array([1.0]))) == 1


def test_wilsons_interval_is_that_of_his_paper() -> None:
    """Of 10 hits in 100 trials by the formula: (0.1 + 0.0192 ± 1.96 sqrt(0.0009 + 0.000096)) / 1.0384."""
    low, high = wilson_interval(np.array([0.1, 0.0]), np.array([100.0, 100.0]))
    assert low.tolist() == pytest.approx([0.0552, 0.0], abs=1e-4)
    assert high.tolist() == pytest.approx([0.1744, 0.0370], abs=1e-4)


@pytest.mark.parametrize(
    ("frequency", "expected"),
    [(0.7, "come true as often as they say"), (0.5, "too high: on average they say 70.0%, and 50.0%"),
     (0.9, "too low")],
)  # fmt: skip
def test_the_verdict_follows_from_the_error(frequency: float, expected: str) -> None:
    said = np.full(1000, 0.7)
    assert expected in verdict(bins_of(said, (np.arange(1000) < 1000 * frequency).astype(float)))


def test_errors_to_both_sides_do_not_cancel() -> None:
    said = np.repeat([0.1, 0.9], 500)
    came_true = np.concatenate([np.arange(500) < 150, np.arange(500) < 350]).astype(float)
    assert "miss what comes true by 20.0%" in verdict(bins_of(said, came_true))


def test_chance_alone_is_exceeded_in_one_of_twenty_samples() -> None:
    generator = np.random.default_rng(1)
    said = generator.uniform(0.05, 0.95, 2000)
    limit = error_by_chance(bins_of(said, np.zeros(2000)))
    errors = [calibration_error(bins_of(said, (generator.random(2000) < said).astype(float))) for _ in range(100)]
    assert 0 <= np.mean(np.array(errors) > limit) <= 0.15


@pytest.mark.parametrize(
    ("fact", "predictions", "targets", "said", "came_true"),
    [
        ("distribution", [[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]], [0, 1], [0.5, 0.7], [1, 0]),
        ("distribution", [[0.6, 0.4], [0.2, 0.8]], [0, 1], [0.4, 0.8], [0, 1]),
        ("distribution", [[0.5, 0.3, 0.2]], np.array([[0.25, 0.75, 0.0]], np.float32), [0.5], [0.25]),
        ("independent", [[0.5, 0.3]], np.array([[1, 0]], np.uint8), [0.5, 0.3], [1, 0]),
        ({"kind": "column_distributions", "sizes": [2, 2]}, [[0.6, 0.4, 0.1, 0.9], [0.6, 0.4, 0.1, 0.9]],
         [[0, 2], [1, -1]], [0.6, 0.9, 0.6], [1, 0, 0]),
    ],
    ids=["likeliest", "second of two", "votes", "each label", "columns, a label missing"],
)  # fmt: skip
def test_what_predictions_claim(fact: Any, predictions: Any, targets: Any, said: list, came_true: list) -> None:
    found = form(fact).claims(np.array(predictions, np.float32), np.asarray(targets))
    assert found[0].tolist() == pytest.approx(said)
    assert found[1].tolist() == pytest.approx(came_true)


def test_compact_predictions_claim_their_likeliest_class() -> None:
    records = np.zeros(2, IN_MEMORY)
    records["classes"], records["kept"][:, 0] = np.arange(100), [0.9, 0.8]
    said, came_true = form("distribution").claims(compact_array(records, 5000, "probabilities"), np.array([0, 7]))
    assert said.tolist() == pytest.approx([0.9, 0.8])
    assert came_true.tolist() == [1, 0]


def halves() -> np.ndarray:
    return np.tile(np.array([[0.9, 0.1]], np.float32), (ROWS, 1))


def test_the_curve_is_the_metric_of_bounded_predictions() -> None:
    """A tenth is wrong: log loss is least where nine tenths are said, so any bound above 0.1 costs."""
    targets = (np.arange(ROWS) % 10 == 0).astype(np.int64)
    parts = bounds_curve(drawn(targets, halves()))
    assert isinstance(parts[0], Chart)
    assert isinstance(parts[1], Words)
    values = parts[0].spec["data"]["values"]
    least = -(0.9 * np.log(0.9) + 0.1 * np.log(0.1))
    assert values[0]["loss"] == pytest.approx(least, abs=1e-5)
    at = next(one for one in values if one["lower bound"] > 0.11)
    lower = at["lower bound"]
    assert at["loss"] == pytest.approx(-(0.9 * np.log(1 - lower) + 0.1 * np.log(lower)), abs=1e-5)
    assert "No bound is in force" in parts[1].text


def test_the_bound_in_force_is_marked() -> None:
    gains = pd.DataFrame([("bounds", "0.00125 .. 0.999", 0, 0, 0, 0, 0, True, None, "clip")], columns=[*GAINS, "stage"])
    assert lower_in_force(gains) == 0.00125
    assert lower_in_force(gains.assign(applied=False)) is None
    parts = bounds_curve(drawn(np.zeros(ROWS, np.int64), halves(), gains=gains))
    assert isinstance(parts[0], Chart)
    assert {"lower bound": 0.00125} in [one.get("data", {}).get("values", [None])[0] for one in parts[0].spec["layer"]]


def test_bounds_in_words_are_read_again() -> None:
    assert described_bounds("0.001 .. 1") == AbsoluteBounds(0.001, 1.0)
    assert bounds_from(0.25, form("independent")) == AbsoluteBounds(0.25, 0.75)
    assert lower_bounds(form("distribution"), 4)[-1] == pytest.approx(0.5 / 4)


def test_before_and_after_are_two_curves_where_they_differ() -> None:
    evidence = drawn(
        np.zeros(ROWS, np.int64), halves(), before=np.tile(np.array([[0.99, 0.01]], np.float32), (ROWS, 1))
    )
    section = reliability(evidence)
    assert "0.0100 before clip, 0.1000 after clip" in section.lede
    assert isinstance(section.body[0], Chart)
    assert {one["stage"] for one in section.body[0].spec["data"]["values"]} == {"before clip", "after clip"}


def test_numbers_and_other_metrics_have_less() -> None:
    target = {"kind": "regression", "values": {"kind": "columns", "columns": ["a"]}, "group": None}
    numbers = np.ones((4, 1), np.float32)
    of_numbers = drawn(numbers, numbers, classes=("a",), target=target, metric={"kind": "mae"}, form="value")
    with pytest.raises(LeftOut):
        reliability(of_numbers)
    section = reliability(drawn(np.zeros(ROWS, np.int64), halves(), metric={"kind": "accuracy"}))
    assert len(section.body) == 1
