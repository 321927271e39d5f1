import random
import re
from unicodedata import normalize

import pandas as pd
import pytest

from foldline.archive import budgets, file_names
from foldline.archive.file_names import expanded_paths, matching, normalised_paths, regular
from foldline.files.refusal import Refusal
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


@pytest.mark.parametrize("few", [0, 32], ids=["all texts at once", "one by one"])
def test_each_path_is_of_the_names_that_fit_it(few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_names, "FEW", few)
    chosen = random.Random(0)
    for _ in range(200):
        names = sorted({"".join(chosen.choices("ab/.", k=chosen.randrange(1, 9))) for _ in range(30)})
        patterns = list(
            {f"{''.join(chosen.choices('ab/.*', k=chosen.randrange(6)))}*{chosen.choice('ab/.*')}" for _ in range(9)}
        )
        found = list(matching(patterns, names))
        fitting = [(pattern, name) for pattern in patterns for name in names if re.fullmatch(regular(pattern), name)]
        assert sorted(found, key=lambda pair: (patterns.index(pair[0]), pair[1])) == fitting


def test_paths_that_begin_with_a_star_are_not_held_against_each_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "BOMB_BYTES", 0)
    monkeypatch.setattr(budgets, "LARGEST_EXPANSION", 1)
    numbers = range(1_000, 3_000)
    for template in ("*/*/{}.jpg", "*/*/*{}*", "train/*/{}.*", "*/*/*{}.jpg"):
        paths = pd.Series([template.format(number) for number in numbers], dtype="str")
        names = [f"train/{number % 7}/{number}.jpg" for number in numbers]
        assert expanded_paths(paths, names).tolist() == names


@pytest.mark.parametrize(
    ("paths", "found"),
    [
        ([f"*a*{'*' * n}" for n in range(200)], r"200 paths with `\*` may each be of nearly any of 200 files"),
        (
            ["*.jpg"] * 200,
            r"200 paths with `\*` stand for 40,000 files: that is too much to be meant. Write more of each path",
        ),
    ],
)
def test_paths_that_stand_for_all_files(paths: list[str], found: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "BOMB_BYTES", 8_000)
    monkeypatch.setattr(budgets, "LARGEST_EXPANSION", 10)
    with pytest.raises(Refusal, match=found):
        expanded_paths(pd.Series(paths, dtype="str"), [f"a{number}.jpg" for number in range(200)])
