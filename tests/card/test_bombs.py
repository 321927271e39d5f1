"""Cards and tables of which each part is small, and that together never come to an end."""

import json
import signal
from types import SimpleNamespace

import pytest

from foldline.archive import budgets
from foldline.archive.archives import Archives
from foldline.card.layouts.coco import joined_lists
from foldline.card.layouts.record_images import PixelColumns
from foldline.card.layouts.walk import WalkPart
from foldline.card.source_steps import File
from foldline.card.sources import read_source
from foldline.files.refusal import Refusal
from tests.conftest import Zipped

MANY = 3_000


def table(name: str, keys: list[int]) -> str:
    return "\n".join([f"id,{name}", *(f"{key},{number}" for number, key in enumerate(keys))])


def joined(archives: Archives) -> list[list[str]]:
    source = (File(kind="file", name="a.csv"), File(kind="file", name="b.csv"))
    return read_source(archives, source)[["id", "a", "b"]].values.tolist()


def test_lines_of_one_key_in_both_tables(zipped: Zipped) -> None:
    archives = zipped({"a.csv": table("a", [7] * MANY + [8]), "b.csv": table("b", [8, *[7] * MANY])})
    with pytest.raises(
        Refusal, match=r"`b.csv`: 3,000 lines with id = 7 meet 3,000, 9,000,001 in all: .* a function of your own"
    ):
        joined(archives)


def test_a_few_lines_of_one_key_in_both_tables(zipped: Zipped) -> None:
    archives = zipped({"a.csv": table("a", [7, 7, 9]), "b.csv": table("b", [7, 7, 8])})
    assert joined(archives) == [["7", "0", "0"], ["7", "0", "1"], ["7", "1", "0"], ["7", "1", "1"], ["9", "2", ""]]


def test_a_join_that_no_memory_holds(zipped: Zipped, monkeypatch: pytest.MonkeyPatch) -> None:
    archives = zipped({"a.csv": table("a", [7] * 20), "b.csv": table("b", [7] * 20)})
    monkeypatch.setattr(budgets, "BOMB_BYTES", 1_000)
    monkeypatch.setattr(budgets.psutil, "virtual_memory", lambda: SimpleNamespace(available=10_000))
    with pytest.raises(Refusal, match=r"400 in all takes 19,200 bytes of memory, 10,000 are free"):
        joined(archives)


def test_images_of_one_id_and_their_annotations(zipped: Zipped) -> None:
    many = 2 * MANY
    content = {"images": [{"id": 1, "file_name": f"{n}.jpg"} for n in range(many)]}
    content["annotations"] = [{"image_id": 1, "category_id": n} for n in range(many)]
    with pytest.raises(
        Refusal,
        match=r"`images` and `annotations`: 6,000 lines with image_id = 1 meet 6,000, 36,000,000 .*Download it anew",
    ):
        joined_lists(zipped({"a.json": json.dumps(content)}), "a.json")


ENDLESS = [r"(?P<label>(a+)+)[.]jpg", r"(?P<label>(a|a)*)[.]jpg", r"(?P<label>\w+)" + r"\w*" * 12 + "_[.]jpg"]


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budgets, "MATCHING_SECONDS", 0.05)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("pattern", ENDLESS)
def test_a_pattern_that_fits_in_very_many_ways(pattern: str, zipped: Zipped) -> None:
    archives = zipped({"a" * 40 + "!.jpg": ""})
    with pytest.raises(
        Refusal, match=r"The card's pattern .* takes too long over 1 texts: it may fit one in very many"
    ):
        WalkPart(kind="walk", pattern=pattern, id="label").lines(archives, "layout.train", [])  # type: ignore[arg-type]
    assert signal.getitimer(signal.ITIMER_VIRTUAL) == (0, 0)


@pytest.mark.usefixtures("impatient")
def test_a_pattern_of_columns_that_fits_in_very_many_ways() -> None:
    columns = PixelColumns(kind="columns", pattern=r"(\d+)+", height=1, width=1)
    with pytest.raises(Refusal, match=r"The card's pattern '\(\\\\d\+\)\+' takes too long over 1 texts"):
        columns.refuse_absent({"1" * 40 + "x": 5}, "layout.train", "`train.csv`")
