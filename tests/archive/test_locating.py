"""Paths with folders that archives lack, or without those that they have; never a guess between two files."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from foldline.archive.archives import Archives
from foldline.archive.locating import AS_WRITTEN, Folder, fitting, folder_of, located_file
from foldline.files.refusal import Refusal
from tests.competitions.drawing import zipped


def archives(folder: Path, files: dict[str, Sequence[str]]) -> Archives:
    """Zips, each with its entries, and in each entry its own name."""
    for name, entries in files.items():
        (folder / name).write_bytes(zipped({entry: f"{name}/{entry}".encode() for entry in entries}))
    return Archives(folder, list(files))


@pytest.mark.parametrize(
    ("held", "paths", "expected"),
    [
        (["train/1.jpg"], ["train/1.jpg"], AS_WRITTEN),
        (["1.jpg"], ["train/1.jpg", "train/2.jpg"], Folder(missing="train/")),
        (["b/1.jpg"], ["a/b/1.jpg", "a/c/2.jpg"], Folder(missing="a/")),
        (["home/me/train/1.jpg"], ["train/1.jpg", "train/2.jpg"], Folder(further="home/me/")),
        (["train/1.jpg", "1.jpg"], ["train/1.jpg"], AS_WRITTEN),
        (["train/1.jpg", "2.jpg"], ["train/1.jpg", "train/2.jpg"], AS_WRITTEN),  # 2.jpg is missing, not elsewhere
        (["b/1/x.dcm"], ["a/b/1/*.dcm"], Folder(missing="a/")),
        (["a/b/1/x.dcm"], ["b/1/*.dcm"], Folder(further="a/")),
        (["x/train.npy"], ["train.npy[3]"], Folder(further="x/")),
        (["train.h5"], ["x/train.h5/images[3]"], Folder(missing="x/")),
        (["xtrain/1.jpg"], ["train/1.jpg"], AS_WRITTEN),  # another folder, and nothing is there
        (["test/1.jpg"], ["train/1.jpg"], AS_WRITTEN),
    ],
)
def test_one_folder_explains_all_paths(tmp_path: Path, held: list[str], paths: list[str], expected: Folder) -> None:
    with archives(tmp_path, {"a.zip": held}) as found:
        assert folder_of(paths, found, "The card's path") == expected


@pytest.mark.parametrize(
    ("held", "path", "shown"),
    [
        (["train/1.jpg", "test/1.jpg"], "1.jpg", "train/1.jpg, test/1.jpg"),
        (["b/1.jpg", "1.jpg"], "a/b/1.jpg", "b/1.jpg, 1.jpg"),
        (["1.jpg", "x/a/1.jpg"], "a/1.jpg", "1.jpg, x/a/1.jpg"),
    ],
)
def test_several_files_that_could_be_meant_are_refused(tmp_path: Path, held: list[str], path: str, shown: str) -> None:
    with archives(tmp_path, {"a.zip": held}) as found, pytest.raises(Refusal, match=f"could be meant: {shown}. Write"):
        folder_of([path], found, "The card's path")


def test_a_table_is_found_by_its_path_or_the_end_of_it(tmp_path: Path) -> None:
    with archives(tmp_path, {"a.zip": ["data/processed/train.json", "sample.csv"]}) as found:
        assert located_file(found, "train.json") == "data/processed/train.json"
        assert located_file(found, "public/sample.csv") == "sample.csv"
        assert located_file(found, "other.csv") == "other.csv"


def test_patterns_find_the_files_of_an_archive_without_its_folder(tmp_path: Path) -> None:
    with archives(tmp_path, {"train.zip": ["cat.1.jpg", "dog.2.jpg"], "test.zip": ["1.jpg"]}) as found:
        matches, folder = fitting(re.compile(r"train/(?P<animal>cat|dog)[.](?P<number>\d+)[.]jpg"), found, "The card's")
        assert [(match["animal"], name) for match, name in matches] == [("cat", "cat.1.jpg"), ("dog", "dog.2.jpg")]
        assert folder == Folder(missing="train/")
        matches, _ = fitting(re.compile(r"test/(?P<number>\d+)[.]jpg"), found, "The card's")
        assert [name for _, name in matches] == ["1.jpg"]


def test_patterns_find_files_below_one_further_folder(tmp_path: Path) -> None:
    with archives(tmp_path, {"a.zip": ["x/train/1.jpg", "x/test/1.jpg"]}) as found:
        matches, folder = fitting(re.compile(r"test/(?P<number>\d+)[.]jpg"), found, "The card's")
        assert ([name for _, name in matches], folder) == (["x/test/1.jpg"], Folder(further="x/"))
        assert fitting(re.compile(r"(?P<label>\w+)[.]png"), found, "The card's") == ([], AS_WRITTEN)
        with pytest.raises(Refusal, match=r"below each of several folders: x/train/, x/test/\. The whole path"):
            fitting(re.compile(r"(?P<number>\d+)[.]jpg"), found, "layout.test.pattern")
