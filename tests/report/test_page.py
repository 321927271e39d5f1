"""The frame of a page: what is said of it is text whatever it holds, and nothing in it needs a network."""

import json
import re
from pathlib import Path

import numpy as np

from foldline.report.page import (
    UNKNOWN,
    Cell,
    Chart,
    Figure,
    Galleries,
    Gallery,
    Key,
    LeftOut,
    Matrix,
    Opening,
    Section,
    Table,
    Words,
    gathered,
    shown,
    write_page,
)
from foldline.report.pictures import Pictures

HOSTILE = "</script><b>&\"'"
SPEC = {"data": {"values": [{"x": 1, "picture": "i0", "said": HOSTILE}]}, "mark": "point"}


def page_of(path: Path, *sections: Section, **others: object) -> str:
    write_page(path / "page.html", HOSTILE, HOSTILE, sections, **others)  # type: ignore[arg-type]
    return (path / "page.html").read_text(encoding="utf-8")


def every_part(pictures: Pictures) -> list[Section]:
    figure = Figure(pictures.of(0), HOSTILE, (HOSTILE, "0.5"), ((pictures.overlay("r", np.eye(3)) or "", "cat"),))
    opening = Opening("3", 0.75, HOSTILE, gallery=Gallery([figure], HOSTILE))
    body = [
        Words(HOSTILE),
        Table(("class", "rows"), [[Cell(HOSTILE, "good", pictures.of(1)), "3"]], caption=HOSTILE),
        Chart(SPEC, HOSTILE, "picture", "said"),
        Gallery([figure, Figure(None, "full", ())], HOSTILE, HOSTILE),
        Galleries([Gallery([figure], HOSTILE, HOSTILE, in_row=9, is_captioned=False)]),
        Matrix(HOSTILE, ["a", HOSTILE], [[opening, opening], [Opening("0", 0.0, ""), opening]]),
    ]
    return [Section("one-thing", HOSTILE, HOSTILE, body), Section("other", "b", "", [Chart(SPEC, "again")])]


def test_no_text_is_markup_and_nothing_needs_a_network(tmp_path: Path) -> None:
    pictures = Pictures(np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).astype(np.uint8))
    page = page_of(
        tmp_path, *every_part(pictures), keys=[Key(HOSTILE, "1", HOSTILE)], left_out=[HOSTILE], pictures=pictures
    )
    assert "<b>" not in page
    assert page.count("&lt;/script&gt;&lt;b&gt;") > 10
    without_vega = re.sub(r"<script>\(function.*?</script>", "", page, flags=re.DOTALL)
    assert re.findall(r'(?:src|href)="(?!#|data:)[^"]*', without_vega) == []
    assert "{{" not in without_vega
    assert "{%" not in without_vega


def json_of(page: str, name: str) -> object:
    (found,) = re.findall(rf'<script type="application/json" id="{name}">(.*?)</script>', page, re.DOTALL)
    return json.loads(found)


def test_pictures_and_charts_are_there_once_as_data(tmp_path: Path) -> None:
    pictures = Pictures(np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).astype(np.uint8))
    page = page_of(tmp_path, *every_part(pictures), pictures=pictures)
    assert json_of(page, "pictures") == pictures.data
    assert page.count(pictures.data["i0"].partition(",")[2]) == 1
    assert page.count('data-picture="i0"') > 3
    charts = [{"spec": SPEC, "opens": "picture", "caption": "said"}, {"spec": SPEC, "opens": None, "caption": None}]
    found = re.findall(r'class="chart-data">(.*?)</script>\n<div class="chart', page, re.DOTALL)
    assert [json.loads(one) for one in found] == charts


def test_what_a_cell_opens_is_there(tmp_path: Path) -> None:
    page = page_of(tmp_path, *every_part(Pictures(np.zeros((2, 8, 8, 3), np.uint8))))
    opening = re.findall(r"<button[^>]* data-opens[^>]*>\w+</button>(<\w+><div class=\"gallery)?", page)
    assert opening == ['<template><div class="gallery'] * 3
    assert page.count("<template>") == 3


def test_what_is_left_out_says_why() -> None:
    def none() -> Section:
        raise LeftOut("it needs more")

    one = Section("one", "a", "", [])
    assert gathered(none, lambda: one, none) == ([one], ["it needs more"] * 2)


def test_a_page_without_charts_is_without_vega(tmp_path: Path) -> None:
    page = page_of(tmp_path, Section("one", "a", "", [Words("b")]))
    assert len(page) < 30_000
    assert "<nav" not in page, "one section needs no list"


def test_columns_of_numbers_stand_to_the_right() -> None:
    rows = [["3", "1,234", "0.5 ± 0.1", "+1.5 .. +2", "a 3", ""], ["4", UNKNOWN, "2", "-1", "5", "99.5%"]]
    assert Table(tuple("abcdef"), rows).alignments == ["text", "number", "number", "number", "text", "number"]


def test_numbers_for_people() -> None:
    values = [0.1234567, -2.0, 123.456, float("nan"), None]
    assert [shown(value) for value in values] == ["0.12346", "-2.00000", "123.46", UNKNOWN, UNKNOWN]
    assert shown(0.5, signed=True) == "+0.50000"


def test_a_gallery_says_how_many_stand_in_a_row_and_whether_captions_show(tmp_path: Path) -> None:
    bare = Gallery([Figure(None, "full", ())], in_row=9, is_captioned=False)
    page = page_of(tmp_path, Section("one", "a", "", [Galleries([bare, Gallery([])])]))
    assert re.findall(r'<div class="(gall.*?)>', page) == [
        *('galleries"', 'gallery-of"', 'gallery bare" style="--in-row: 9"', 'gallery-of"', 'gallery"')
    ]
