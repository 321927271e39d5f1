"""Curves: what was measured, thinned where it is long, and where trainings ended."""

import numpy as np
import pandas as pd
import pytest

from foldline.report.page import Chart
from foldline.report.sections.curves import MOST_EPOCHS, curves, ends_of, headline, long_table, thinned
from tests.report.drawn import drawn


def history(epochs: int, losses: list[float] | None = None, seed: int = 0) -> pd.DataFrame:
    found = losses or [1 / epoch for epoch in range(1, epochs + 1)]
    return pd.DataFrame(
        {"fold": 0, "seed": seed, "epoch": range(1, epochs + 1), "learning_rate": 0.1, "train_loss": 0.5,
         "train_accuracy": np.nan, "validation_loss": found, "validation_accuracy": np.nan}
    )  # fmt: skip


def test_a_line_per_training_and_part_of_what_was_measured() -> None:
    table = long_table(history(2), "loss")
    assert table[["epoch", "of", "loss"]].to_numpy().tolist() == [
        [1, "validation", 1.0], [2, "validation", 0.5], [1, "train", 0.5], [2, "train", 0.5]
    ]  # fmt: skip
    assert long_table(history(2), "accuracy").empty
    assert long_table(history(2), "learning rate")["learning rate"].tolist() == [0.1, 0.1]


def test_a_long_training_is_thinned_to_its_last_epoch() -> None:
    both = pd.concat([history(1001), history(3, seed=1)], ignore_index=True)
    found = thinned(both)
    epochs = found.loc[found["seed"] == 0, "epoch"]
    assert MOST_EPOCHS <= len(epochs) <= MOST_EPOCHS + 2
    assert epochs.iloc[-1] == 1001
    assert found.loc[found["seed"] == 1, "epoch"].tolist() == [3]


def test_where_trainings_ended() -> None:
    ends = ends_of(pd.concat([history(3, [3.0, 1.0, 2.0]), history(3, seed=1)], ignore_index=True))
    assert ends["lowest"].tolist() == pytest.approx([1.0, 1 / 3])
    assert ends["lowest at epoch"].tolist() == [2, 3]
    assert headline(ends) == (
        "Validation loss was lowest in the last epoch of 1 of 2 trainings; on average it ended 50.0% above its lowest"
    )
    assert headline(ends.iloc[1:]) == (
        "Validation loss was still falling in the last epoch of 1 of 1 training: more epochs may help"
    )


def test_a_training_on_all_rows_validates_nothing() -> None:
    ends = ends_of(history(3).assign(validation_loss=np.nan))
    assert headline(ends) == "How 1 training went"
    found = curves(drawn([0], [[0.5, 0.5]], history=history(3).assign(validation_loss=np.nan)))
    assert [part.description for part in found.body if isinstance(part, Chart)] == [
        "loss by epoch", "learning rate by epoch"
    ]  # fmt: skip
