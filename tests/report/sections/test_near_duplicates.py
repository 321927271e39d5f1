"""Pairs of near-duplicates: what contradicts itself first, then leaks, each image with its label."""

import pandas as pd
import pytest

from foldline.files.refusal import Refusal
from foldline.folds.duplicates_table import COLUMNS, FINDINGS
from foldline.report.page import Galleries, Words
from foldline.report.pictures import Pictures
from foldline.report.sections import near_duplicates as room
from foldline.report.sections.near_duplicates import MEANINGS, near_duplicates
from tests.report.sections.prepared_rows import prepared_rows

PREPARED = prepared_rows([0, 0, 1], ("cat", "dog"), test=1)
PICTURES = Pictures(PREPARED.pixels)
SAME = ("same", "t0.png", "t1.png", "train", "train", "cat", "cat")
LEAK = ("train and test", "t0.png", "t3.png", "train", "test", "cat", None)
CONFLICT = ("conflict", "t1.png", "t2.png", "train", "train", "cat", "dog")


def table(*pairs: tuple[str | None, ...]) -> pd.DataFrame:
    return pd.DataFrame(pairs, columns=list(COLUMNS))


def test_contradictions_come_first_and_are_named_and_leaks_are_told_apart() -> None:
    section = near_duplicates(table(SAME, LEAK, CONFLICT), PREPARED.images, PICTURES)
    assert section.title == ("3 near-duplicate pairs: 1 across train/test (leak), 1 of one image with different labels")
    words = [part.text for part in section.body if isinstance(part, Words)]
    assert [text.split(",")[0] for text in words] == [
        "1 pair of one image under different labels: some are wrong", "1 pair across train and test",
        "1 pair within train or within test; those of train share a fold.",
    ]  # fmt: skip
    pairs = [gallery for part in section.body if isinstance(part, Galleries) for gallery in part.galleries]
    assert [pair.title for pair in pairs] == ["cat or dog?", "", ""]
    assert [[(one.picture, *one.lines) for one in pair.figures] for pair in pairs] == [
        [("i1", "cat", "t1.png"), ("i2", "dog", "t2.png")],
        [("i0", "cat", "t0.png"), ("i3", "test", "t3.png")],
        [("i0", "cat", "t0.png"), ("i1", "cat", "t1.png")],
    ]


def test_of_many_some_are_shown_and_the_rest_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_PAIRS", 2)
    words, pairs = near_duplicates(table(SAME, SAME, SAME), PREPARED.images, PICTURES, " x.csv lists all.").body
    assert isinstance(words, Words)
    assert isinstance(pairs, Galleries)
    assert words.text.startswith("3 pairs within")
    assert words.text.endswith(" Shown are 2. x.csv lists all.")
    assert len(pairs.galleries) == 2


def test_none_are_said_in_the_title_alone() -> None:
    section = near_duplicates(table(), PREPARED.images, PICTURES)
    assert (section.title, section.body) == ("No near-duplicate images", [])


def test_a_table_of_other_images_is_refused() -> None:
    with pytest.raises(Refusal, match=r"names the image gone.png, which images.parquet lacks. Run `dvc repro split`"):
        near_duplicates(table(("same", "gone.png", *SAME[2:])), PREPARED.images, PICTURES)


def test_every_finding_has_its_words() -> None:
    assert tuple(MEANINGS) == FINDINGS
