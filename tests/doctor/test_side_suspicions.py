"""Features that train rows cannot teach, by hand."""

import numpy as np
import pandas as pd

from foldline.doctor.side_suspicions import unlearnable_features


def found(train: list[str | None], test: list[str | None]) -> list[str]:
    part = ["train"] * len(train) + ["test"] * len(test)
    values = pd.Series([*train, *test], dtype="str")
    return list(unlearnable_features(pd.DataFrame({"part": part, "side:male": values, "side:age": np.nan})))


def test_features_that_train_rows_teach() -> None:
    assert found(["M", "F", "F"], ["M", None, "x", "F"]) == []
    assert found(["M", "F", None], ["M", "x"]) == found(["M", "M"], [None]) == found(["a"], ["a"]) == []


def test_categories_that_train_and_test_write_otherwise() -> None:
    [finding] = found(["True", "False", "True"], ["M", "F", None])
    assert finding.startswith(
        "All test values of the feature `male` are unknown to train: M, F against True, False. Write both alike"
    )
    [finding] = found(["a", "a"], ["a", "b", "c"])
    assert finding.startswith("Most test values of the feature `male` are unknown to train: b, c against a. ")


def test_a_category_that_is_another_in_each_row() -> None:
    [finding] = found(["1.jpg", "2.jpg"], ["3.jpg"])
    assert finding == (
        "The feature `male` has a value of its own in each train row, such as 1.jpg, 2.jpg: it cannot say anything of "
        "others. Leave it out of the card."
    )
