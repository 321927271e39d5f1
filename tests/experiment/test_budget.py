"""How long a first experiment takes, and how much of one fits into some minutes: worked out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from foldline.experiment.budget import FEWEST_EPOCHS, MOST_EPOCHS, START_SECONDS, Costs
from foldline.files.refusal import Refusal

COSTS = Costs(train_images=1000, test_images=300, learned=40.0, predicted=200.0, folds=5, views=2)
"""An epoch is 800 / 40 + 200 / 200 = 21 seconds, a fold's predictions 2 * 500 / 200 = 5; all images under both views
are 2 * 1300 / 200 = 13."""


def test_it_adds_up() -> None:
    assert COSTS.of(1, 1).seconds == START_SECONDS + 21 + 5
    assert COSTS.of(1, 0).seconds == START_SECONDS + 13
    assert COSTS.of(5, 0).seconds == 5 * START_SECONDS + 13
    assert COSTS.of(5, 10).seconds == 5 * (START_SECONDS + 210 + 5)
    assert COSTS.of(1, 1).words == "about 1 minute"
    assert COSTS.of(5, 10).words == "about 19 minutes"
    assert COSTS.of(500, 10).words == "about 31.9 hours"


@pytest.mark.parametrize(
    ("minutes", "folds", "epochs"),
    [
        (0.5, 1, 0),  # 28 seconds
        (0.65, 1, 0),  # an epoch would be 41 seconds, a second fold 43
        (1.0, 1, 1),  # two epochs would be 62 seconds
        (1.1, 1, 2),
        (1.4, 1, 3),  # 83 seconds
        (2.8, 2, 3),  # 166 seconds
        (6.9, 4, 3),  # five folds of three would be 415 seconds
        (7.0, 5, 3),
        (30.0, 5, MOST_EPOCHS),
    ],
)
def test_folds_come_first_and_then_epochs(minutes: float, folds: int, epochs: int) -> None:
    length = COSTS.within(minutes)
    assert (length.folds, length.epochs) == (folds, epochs)


def test_too_few_minutes_are_refused() -> None:
    with pytest.raises(Refusal, match=r"--minutes 0.4: one fold takes 0.5 minutes here even without an epoch \(200 im"):
        COSTS.within(0.4)


@given(st.floats(0.7, 100), st.integers(2, 10), st.integers(1, 8), st.integers(100, 10_000))
def test_what_is_chosen_fits_and_twice_the_minutes_are_never_less(
    minutes: float, folds: int, views: int, images: int
) -> None:
    costs = Costs(images, images // 4, 40.0, 200.0, folds, views)
    try:
        length = costs.within(minutes)
    except Refusal:
        assert costs.of(1, 0).seconds > 60 * minutes
        return
    assert length.seconds <= 60 * minutes
    assert length.folds == 1 or length.epochs >= FEWEST_EPOCHS or costs.of(1, 1).seconds > 60 * minutes
    longer = costs.within(2 * minutes)
    assert longer.folds * max(longer.epochs, 0.1) >= length.folds * max(length.epochs, 0.1)
