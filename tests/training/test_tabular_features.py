"""How a card's features become what a model is told, by hand."""

import numpy as np
import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.params.section import parse
from foldline.training.fold_samples import (
    MOST_CATEGORIES,
    Samples,
    TabularEncoding,
    fit_encoding,
    fit_tabular_features,
    tabular_of,
    with_tabular_features,
)
from tests.training.small import samples

ROWS = pd.DataFrame(
    {
        "part": ["train"] * 4 + ["test"] * 2,
        "row_id": ["a", "b", "c", "d", "a", "e"],
        "tabular:age": [10.0, 30.0, np.nan, 90.0, 40.0, np.nan],
        "tabular:size": [0.1, 0.1, 0.1, 7.0, np.nan, 0.6],
        "tabular:sex": pd.Series(["m", "f", None, "x", "f", None], dtype="str"),
        "tabular:site": pd.Series(["leg", "leg", "arm", "head", "head", None], dtype="str"),
    }
)
TRAINING = ROWS[:3]


def encoded(part: str, ids: str, encoding: TabularEncoding | None) -> list[list[float]]:
    (values,) = tabular_of(ROWS, part, list(ids), encoding)
    assert values.dtype == np.float32
    return values.tolist()


def test_by_hand() -> None:
    """age: distance from 20 in tens, and a mark; size: from .1, all the same; sex: f, m, and a mark; site: arm, leg."""
    encoding = fit_encoding(TRAINING)
    assert encoding is not None and encoding.width == 2 + 1 + 3 + 2
    assert encoded("train", "abc", encoding) == [
        [-1, 0, 0, 0, 1, 0, 0, 1],
        [1, 0, 0, 1, 0, 0, 0, 1],
        [0, 1, 0, 0, 0, 1, 1, 0],
    ]


def test_what_no_training_row_has_is_told_by_zeros() -> None:
    """Row d: a sex and a site that are new. Row e: a site is missing. Test row a: a size is."""
    found = [*encoded("train", "d", fit_encoding(TRAINING)), *encoded("test", "ea", fit_encoding(TRAINING))]
    assert found == [
        pytest.approx([7, 0, 6.9, 0, 0, 0, 0, 0]),
        pytest.approx([0, 1, 0.5, 0, 0, 1, 0, 0]),
        pytest.approx([2, 0, 0, 1, 0, 0, 0, 0]),
    ]


def test_an_encoding_comes_back_from_a_models_file_to_the_bit() -> None:
    encoding = fit_encoding(ROWS)
    assert encoding is not None
    assert parse(encoding.model_dump(mode="json"), TabularEncoding, "model") == encoding


def test_a_column_without_any_value_says_only_that_it_is_missing() -> None:
    rows = ROWS.assign(**{"tabular:age": np.nan, "tabular:sex": pd.Series([None] * 6, dtype="str")})
    encoding = fit_encoding(rows[["part", "row_id", "tabular:age", "tabular:sex"]])
    (values,) = tabular_of(rows, "train", ["a", "b"], encoding)
    assert values.tolist() == [[0, 1, 1]] * 2


def test_only_the_most_frequent_categories_have_a_place() -> None:
    names = [f"{number:04}" for number in range(MOST_CATEGORIES + 50)]
    rows = pd.DataFrame({"tabular:id": pd.Series(["9999", "9999", *names], dtype="str")})
    encoding = fit_encoding(rows)
    assert encoding is not None
    assert encoding.categories[0].categories == (*names[: MOST_CATEGORIES - 1], "9999")


def test_rows_without_features_have_no_encoding() -> None:
    assert fit_encoding(ROWS[["part", "row_id"]]) is None
    assert tabular_of(ROWS, "train", ["a"], None) == ()


def test_refuses_rows_that_lack_what_the_model_learned_from() -> None:
    with pytest.raises(Refusal, match=r"learned from the features age, which rows.parquet lacks; it has size, sex"):
        tabular_of(ROWS.drop(columns="tabular:age"), "test", ["e"], fit_encoding(TRAINING))


def of_rows(ids: str) -> Samples:
    return samples(np.arange(len(ids)), np.zeros(len(ids), np.int64), 1, ids)


def test_samples_have_their_rows_features_encoded_as_the_training_rows_say() -> None:
    """A row of two images counts once."""
    encoding = fit_tabular_features(ROWS, of_rows("baac"))
    assert encoding == fit_encoding(TRAINING)
    training, validation = (with_tabular_features(ROWS, of_rows(ids), encoding) for ids in ("baac", "d"))
    assert training.tabular[0].tolist() == encoded("train", "baac", encoding)
    assert validation.tabular[0].tolist() == encoded("train", "d", encoding)

    assert with_tabular_features(ROWS, of_rows("ab"), None).tabular == ()
