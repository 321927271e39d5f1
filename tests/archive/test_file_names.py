from unicodedata import normalize

import pandas as pd
import pytest

from foldline.archive.file_names import normalised_paths
from tests.conftest import Zipped


@pytest.mark.parametrize(
    "path", ["./train/a.jpg", "train//a.jpg", "train\\a.jpg", ".\\train\\.\\a.jpg", "x/../train/a.jpg"]
)
def test_a_roundabout_path_becomes_straight(zipped: Zipped, path: str) -> None:
    paths = pd.Series([path, "train/b.jpg", "b"], index=[3, 3, 7], dtype="str")
    named = normalised_paths(paths, zipped({"train/a.jpg": b""}))
    assert named.tolist() == ["train/a.jpg", "train/b.jpg", "b"]
    assert named.index.tolist() == [3, 3, 7]


@pytest.mark.parametrize(("named", "written"), [("NFC", "NFD"), ("NFD", "NFC")])
def test_letters_may_be_composed_in_another_way(zipped: Zipped, named: str, written: str) -> None:
    name, path = (normalize(form, "train/é.jpg") for form in (named, written))  # type: ignore[arg-type]
    assert normalised_paths(pd.Series([path, "train/ö.jpg"], dtype="str"), zipped({name: b""})).tolist() == [
        name,
        "train/ö.jpg",
    ]
