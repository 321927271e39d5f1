import math
from pathlib import Path

import pandas as pd
import pytest

from foldline.ensembling.intervals import standard_error
from foldline.ensembling.scoring import Gain, no_gain, write_gains


def gain(nested: float, error: float, objection: str | None = None, low: float = 0.01) -> Gain:
    found = Gain("weights", "a 0.7, b 0.3", 0.1, nested, error, low, 0.2, applied=True, note="for one model")
    return found.decided(objection)


def test_what_exceeds_its_standard_error_above_zero_is_kept() -> None:
    assert gain(0.05, 0.03).applied
    assert gain(0.05, 0.03).note == "for one model"


@pytest.mark.parametrize(("nested", "error"), [(0.02, 0.03), (-0.1, 0.0), (0.05, math.nan), (0.0, 0.0)])
def test_what_does_not_is_left_out(nested: float, error: float) -> None:
    assert not gain(nested, error).applied
    assert gain(nested, error).note == "no real gain"


@pytest.mark.parametrize("low", [-0.001, 0.0, math.nan])
def test_what_other_rows_might_not_show_is_left_out(low: float) -> None:
    assert not gain(0.05, 0.03, low=low).applied
    assert gain(0.05, 0.03, low=low).note == "no real gain"


def test_an_objection_speaks_against_a_real_gain() -> None:
    assert not gain(0.05, 0.03, objection="it softens").applied
    assert gain(0.05, 0.03, objection="it softens").note == "it softens"


def test_the_standard_error_by_hand() -> None:
    """Deviations -1, 0, 1: variance 1, error 1 / sqrt(3)."""
    assert standard_error([1.0, 2.0, 3.0]) == pytest.approx(1 / math.sqrt(3))
    assert math.isnan(standard_error([1.0]))


def test_gains_are_rounded_lines_of_a_table(tmp_path: Path) -> None:
    write_gains(tmp_path / "gains.csv", [no_gain("bounds", "no use"), gain(2 / 3, 0.1)])
    gains = pd.read_csv(tmp_path / "gains.csv")
    assert gains["cross_validated"].tolist() == [0.0, 0.666667]
    assert gains["applied"].tolist() == [False, True]
    assert gains["note"].tolist() == ["no use", "for one model"]
    write_gains(tmp_path / "gains.csv", [])
    assert list(pd.read_csv(tmp_path / "gains.csv").columns) == list(gains.columns)
