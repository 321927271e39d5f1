"""What a card does to the lines of a source, in a list after its file."""

from typing import Any

import pandas as pd
import pytest

from foldline.card.layout import Part, TablePart
from foldline.competition.source_steps import read_source
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Zipped

FILES: dict[str, str | bytes] = {
    "train.csv": "image,view,age\n10_left,frontal,5\n10_right,lateral,6\n7_left,frontal,\n",
    "people.csv": "person,sex\n7,m\n10,f\n10,f\n",
    "list.txt": "a/1.jpg|cat\nb/2.jpg|dog\n",
}
PATIENT = {"kind": "extract", "column": "image", "pattern": r"(?P<patient>\d+)_(?P<eye>left|right)"}
FRONTAL = {"kind": "keep", "column": "view", "values": ["frontal"]}


def read(zipped: Zipped, table: Any, *wanted: str, files: dict[str, str | bytes] = FILES) -> pd.DataFrame:
    part = {"kind": "table", "table": table, "id": "id", "path": "{id}"}
    parsed = parse(part, Part, "card.yaml", ("layout", "train"))
    assert isinstance(parsed, TablePart)
    return read_source(zipped(files), parsed.table, [("here", name) for name in wanted], "layout.train.table")[
        list(wanted)
    ]


def lines(table: pd.DataFrame) -> list[list[str]]:
    return table.values.tolist()


def test_lines_are_numbered_from_1_and_from_0(zipped: Zipped) -> None:
    assert lines(read(zipped, "train.csv", "line", "row", "view")) == [
        ["1", "0", "frontal"],
        ["2", "1", "lateral"],
        ["3", "2", "frontal"],
    ]
    assert lines(read(zipped, "train.csv", "row")) == [["0"], ["1"], ["2"]], "without a column of the file"
    own = {"x.csv": "line,y\nA,1\n"}
    assert lines(read(zipped, "x.csv", "line", files=own)) == [["A"]]


def test_lines_are_kept_and_dropped_by_a_value(zipped: Zipped) -> None:
    kept = read(zipped, ["train.csv", FRONTAL], "image")
    assert lines(kept) == [["10_left"], ["7_left"]]
    assert kept.index.tolist() == [0, 2], "messages name lines of the file"
    assert lines(read(zipped, ["train.csv", {"kind": "drop", "column": "age", "values": [5, ""]}], "image")) == [
        ["10_right"]
    ]


def test_columns_are_extracted(zipped: Zipped) -> None:
    assert lines(read(zipped, ["train.csv", PATIENT, FRONTAL], "patient", "eye")) == [["10", "left"], ["7", "left"]]


def test_columns_get_other_names_and_values(zipped: Zipped) -> None:
    renamed = {"kind": "rename", "columns": {"view": "label", "image": "view"}}
    replaced = {"kind": "replace", "column": "label", "values": {"frontal": 0}}
    steps = ["train.csv", renamed, replaced, {"kind": "keep", "column": "label", "values": [0]}]
    assert lines(read(zipped, steps, "view", "label")) == [["10_left", "0"], ["7_left", "0"]]
    assert lines(read(zipped, steps[:-1], "label")) == [["0"], ["lateral"], ["0"]], "what is not named stays"


def test_several_columns_get_other_values_which_one_of_them_has(zipped: Zipped) -> None:
    replaced = {"kind": "replace", "column": ["view", "age"], "values": {"frontal": "f", "6": "six", "": "none"}}
    changed = read(zipped, ["train.csv", replaced], "view", "age")
    assert lines(changed) == [["f", "5"], ["lateral", "six"], ["f", "none"]]
    with pytest.raises(Refusal, match=r"table\[1\]: no line has 'back' as `view, age`, found 'frontal', 'lateral'"):
        read(zipped, ["train.csv", {**replaced, "values": {"back": "b"}}], "view")


def test_parts_of_texts_are_substituted(zipped: Zipped) -> None:
    spaced = {"kind": "substitute", "column": "image", "pattern": "_(left|right)", "by": r" (\1)"}
    prefixed = {"kind": "substitute", "column": "age", "pattern": "^", "by": "class_"}
    changed = read(zipped, ["train.csv", spaced, prefixed], "image", "age")
    assert lines(changed) == [["10 (left)", "class_5"], ["10 (right)", "class_6"], ["7 (left)", "class_"]]


ONE_HOT = {"kind": "one_hot", "columns": ["MEL", "NV"], "into": "label"}
LESIONS = "image,MEL,NV\na,1.0,0.0\nb,0,1\nc,1,0\n"


def test_the_one_of_several_columns_is_named(zipped: Zipped) -> None:
    kept = {"kind": "keep", "column": "label", "values": ["MEL"]}
    named = read(zipped, ["t.csv", ONE_HOT, kept], "image", "label", files={"t.csv": LESIONS})
    assert lines(named) == [["a", "MEL"], ["c", "MEL"]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            LESIONS + "d,0,0\ne,1,1\n",
            r"table\[1\]: one of MEL, NV must be 1, but 2 of 5 lines .*: none on line 5, MEL, NV on",
        ),
        (LESIONS + "d,2,0\n", r"table\[1\]: `MEL` is '2' on line 5 \(1 lines\): it must be 0 or 1; correct `columns`"),
        ("image,MEL\na,1\n", r"no column `NV`, which the card's layout.train.table\[1\].columns names"),
    ],
)
def test_lines_that_name_none_or_several_are_refused(zipped: Zipped, table: str, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, ["t.csv", ONE_HOT], "label", files={"t.csv": table})


def test_a_renamed_column_joins_another_table(zipped: Zipped) -> None:
    renamed = {"kind": "rename", "columns": {"patient": "person"}}
    assert lines(read(zipped, ["train.csv", PATIENT, renamed, "people.csv"], "person", "sex"))[-1] == ["7", "m"]


def test_an_extracted_column_joins_another_table(zipped: Zipped) -> None:
    people = {"people.csv": "patient,sex\n7,m\n10,f\n", "train.csv": FILES["train.csv"]}
    joined = read(zipped, ["train.csv", PATIENT, "people.csv"], "image", "sex", files=people)
    assert lines(joined) == [["10_left", "f"], ["10_right", "f"], ["7_left", "m"]]


def test_a_join_by_columns_of_other_names_repeats_a_line_for_each_that_agrees(zipped: Zipped) -> None:
    join = {"kind": "join", "name": "people.csv", "on": {"patient": "person"}}
    joined = read(zipped, ["train.csv", PATIENT, join], "image", "sex")
    assert lines(joined) == [
        ["10_left", "f"],
        ["10_left", "f"],
        ["10_right", "f"],
        ["10_right", "f"],
        ["7_left", "m"],
    ]
    assert joined.index.tolist() == [0, 0, 1, 1, 2]


def test_a_table_without_a_header(zipped: Zipped) -> None:
    table = {"kind": "headerless", "name": "list.txt", "columns": ["path", "label"]}
    assert lines(read(zipped, [table], "label", "path", "line")) == [["cat", "a/1.jpg", "1"], ["dog", "b/2.jpg", "2"]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([FRONTAL], r"`layout.train.table` is \[.*the first of a list is the name of a file"),
        ([], "the first of a list is the name of a file"),
        (
            ["train.csv", {"kind": "only"}],
            r"`layout.train.table.1.kind` is 'only'. Valid: 'file', 'headerless', 'join'",
        ),
        (["train.csv", {**FRONTAL, "column": "View"}], r"layout.train.table\[1\].column names. Did you mean `view`"),
        (
            ["train.csv", {**FRONTAL, "values": ["front"]}],
            r"table\[1\]: no line has 'front' as `view`, found 'frontal', ",
        ),
        (["train.csv", {**FRONTAL, "values": []}], r"`layout.train.table.1.values` is \[\]"),
        (
            ["train.csv", {"kind": "drop", "column": "view", "values": ["frontal", "lateral"]}],
            r"leaves no line: all have frontal, lateral as `view`",
        ),
        (
            ["train.csv", {**PATIENT, "pattern": r"(?P<patient>\d+)_left"}],
            r"table\[1\]: 1 of 3 lines have a `image` that does not fit .*: '10_right'. The whole text must fit",
        ),
        (["train.csv", {**PATIENT, "pattern": "("}], r"`layout.train.table.1.pattern` is '\(': it is not a regular"),
        (["train.csv", {**PATIENT, "pattern": "1"}], r"it names no group"),
        (
            ["train.csv", {**PATIENT, "pattern": r"(?P<age>\d+)_(?P<eye>\w+)"}],
            r"table\[1\] makes a column age, but there is one already. Found image, view, age, line, row",
        ),
        (
            ["train.csv", {"kind": "rename", "columns": {"View": "v"}}],
            r"no column `View`, which the card's layout.train.table\[1\].columns names. Did you mean `view`",
        ),
        (
            ["train.csv", {"kind": "rename", "columns": {"view": "age"}}],
            r"table\[1\].columns gives two columns the name age. Found image, view, age, line, row",
        ),
        (
            ["train.csv", {"kind": "replace", "column": "view", "values": {"front": 0}}],
            r"table\[1\]: no line has 'front' as `view`, found 'frontal', 'lateral'",
        ),
        (
            ["train.csv", {"kind": "substitute", "column": "view", "pattern": " ", "by": "_"}],
            r"table\[1\] changes no line: ' ' is in no `view`, found 'frontal', 'lateral'. Correct the pattern",
        ),
        (
            ["train.csv", {"kind": "substitute", "column": "view", "pattern": "a", "by": r"\1"}],
            r"`by` is '\\\\1', which does not fit the pattern 'a' \(invalid group reference 1",
        ),
        (["train.csv", "people.csv"], r"`people.csv` has no column in common with `train.csv`: it has person, sex"),
        (
            ["train.csv", {"kind": "join", "name": "people.csv", "on": {"image": "name"}}],
            r"`people.csv` has no column `name`, which the card's layout.train.table\[1\].on names.*Found person, sex",
        ),
        (
            ["train.csv", {"kind": "join", "name": "people.csv", "on": {"image": "person"}}],
            r"no line of `people.csv` agrees with one before it in image: there it is 7, 10, 10, before 10_left, ",
        ),
        (
            [{"kind": "headerless", "name": "list.txt", "columns": ["image", "b", "c"]}],
            r"its lines have 2 fields, the card names 3; the first is 'a/1.jpg\|cat'",
        ),
    ],
)
def test_steps_that_do_not_fit_are_refused(zipped: Zipped, table: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, table, "image")
