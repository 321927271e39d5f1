from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from foldline.card.activations import ColumnSoftmax
from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json, write_json
from foldline.predicting.logits import Logits, create_logits, read_logits
from tests.ensembling.written import write_logits
from tests.words import PLAIN_ACTIVATIONS, SOFTMAX

LOGITS = Logits(
    validation=np.arange(12, dtype=np.float32).reshape(2, 2, 3),
    test=np.arange(6, dtype=np.float32).reshape(1, 2, 3),
    validation_ids=("007", "NA"),
    test_ids=("007",),
    views=("identity", "horizontal_flip"),
    classes=("cat", "dog", "null"),
    activation=SOFTMAX,
)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    write_logits(tmp_path / "fold0", LOGITS)
    read = read_logits(tmp_path / "fold0")
    for name in ("validation_ids", "test_ids", "views", "classes"):
        assert getattr(read, name) == getattr(LOGITS, name)
    np.testing.assert_array_equal(read.validation, LOGITS.validation)
    np.testing.assert_array_equal(read.test, LOGITS.test)
    assert isinstance(read.test, np.memmap)


def test_equal_logits_make_equal_bytes(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        write_logits(tmp_path / folder, LOGITS)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_an_array_that_does_not_fit_its_ids_is_refused(tmp_path: Path) -> None:
    write_logits(tmp_path, LOGITS)
    np.save(tmp_path / "test.npy", np.zeros((2, 2, 3), np.float32))
    with pytest.raises(Refusal, match=r"test.npy is float32 of shape \(2, 2, 3\), expected float32 of \(1, 2, 3\)"):
        read_logits(tmp_path)


def test_a_row_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    write_logits(tmp_path, LOGITS)
    ids = pd.read_parquet(tmp_path / "ids.parquet")
    ids.loc[1, "row_id"] = "007"
    ids.to_parquet(tmp_path / "ids.parquet")
    with pytest.raises(
        Refusal, match="1 rows repeat an earlier one's key, the first is part 'validation', row_id '007'"
    ):
        read_logits(tmp_path)


def test_an_unknown_part_is_refused(tmp_path: Path) -> None:
    write_logits(tmp_path, LOGITS)
    ids = pd.read_parquet(tmp_path / "ids.parquet").replace("test", "private")
    ids.to_parquet(tmp_path / "ids.parquet")
    with pytest.raises(Refusal, match="`part` is 'private' in row 2, valid are validation, test"):
        read_logits(tmp_path)


@pytest.mark.parametrize(
    ("axes", "message"),
    [
        (["cat"], "must hold keys and values"),
        ({"views": ["identity"], "classes": ["a"]}, r"classes\.json: `activation` is missing\. Remove the file"),
        ({"views": ["a", "a"], "classes": ["b"], "activation": "softmax"}, "`views` .* names a more than once"),
        ({"views": ["a"], "classes": ["b"], "activation": "relu"}, "`activation` is 'relu'. Valid: 'softmax', 'sigm"),
    ],
)
def test_axes_that_say_nothing_are_refused(axes: object, message: str, tmp_path: Path) -> None:
    write_logits(tmp_path, LOGITS)
    write_json(tmp_path / "classes.json", axes)
    with pytest.raises(Refusal, match=message):
        read_logits(tmp_path)


@pytest.mark.parametrize(("word", "outputs"), [("cumulative_link", 2), ("level", 1), ("identity", 3), ("sigmoid", 3)])
def test_the_number_of_logits_follows_from_the_activation(word: str, outputs: int, tmp_path: Path) -> None:
    create_logits(tmp_path, ["a"], ["b"], ["identity"], ["low", "middle", "high"], PLAIN_ACTIVATIONS[word])
    assert read_json(tmp_path / "classes.json")["activation"] == word
    read = read_logits(tmp_path)
    assert (read.test.shape, read.activation) == ((1, 1, outputs), PLAIN_ACTIVATIONS[word])


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    write_logits(tmp_path, LOGITS)
    (tmp_path / "validation.npy").unlink()
    with pytest.raises(Refusal, match=r"validation\.npy does not exist"):
        read_logits(tmp_path)


def test_the_sizes_of_columns_are_read_again_and_must_be_those_of_the_classes(tmp_path: Path) -> None:
    activation = ColumnSoftmax(kind="column_softmax", sizes=(1, 2))
    write_logits(tmp_path, replace(LOGITS, activation=activation))
    assert read_logits(tmp_path).activation == activation
    axes = {"views": ["a", "b"], "classes": ["x=a", "x=b"], "activation": activation.model_dump()}
    write_json(tmp_path / "classes.json", axes)
    with pytest.raises(
        Refusal, match=r"classes\.json: columns have 3 classes together, but there are 2 classes\. Remove the file"
    ):
        read_logits(tmp_path)
