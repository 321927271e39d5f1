"""What a card does to the lines of a source, in a list after its file."""

from typing import Any

import pandas as pd
import pytest

from foldline.card.layout import AnyPart
from foldline.card.layouts.table import TablePart
from foldline.card.sources import read_source
from foldline.files.refusal import Refusal
from foldline.params.section import parse
from tests.conftest import Own, Zipped

FILES: dict[str, str | bytes] = {
    "train.csv": "image,view,age\n10_left,frontal,5\n10_right,lateral,6\n7_left,frontal,\n",
    "people.csv": "person,sex\n7,m\n10,f\n10,f\n",
    "list.txt": "a/1.jpg|cat\nb/2.jpg|dog\n",
}
OWN = {"kind": "python", "file": "own.py", "name": "lines"}


def read(zipped: Zipped, table: Any, *wanted: str, files: dict[str, str | bytes] = FILES) -> pd.DataFrame:
    part = parse({"kind": "table", "table": table, "id": "id", "path": "{id}"}, AnyPart, "card.yaml", ("train",))
    assert isinstance(part, TablePart)
    return read_source(zipped(files), part.table)[list(wanted)]


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


def test_a_table_without_a_header(zipped: Zipped) -> None:
    table = {"kind": "headerless", "name": "list.txt", "columns": ["path", "label"]}
    assert lines(read(zipped, [table], "label", "path", "line")) == [["cat", "a/1.jpg", "1"], ["dog", "b/2.jpg", "2"]]


def test_a_function_gets_all_columns_as_text_and_gives_others(zipped: Zipped, own: Own) -> None:
    own(
        """
def lines(table, read):
    assert table.map(type).eq(str).all(axis=None)
    assert [*table] == ["image", "view", "age", "line", "row", "#"] and table["age"].tolist() == ["5", "6", ""]
    return table.assign(age=pd.to_numeric(table["age"]), half=0.5, true=True, none=None)"""
    )
    found = read(zipped, ["train.csv", OWN], "image", "age", "half", "true", "none", "row")
    assert lines(found) == [
        ["10_left", "5", "0.5", "1", "", "0"],
        ["10_right", "6", "0.5", "1", "", "1"],
        ["7_left", "", "0.5", "1", "", "2"],
    ]


def test_lines_that_come_back_keep_their_places(zipped: Zipped, own: Own) -> None:
    own("def lines(table, read): return table[table['view'] == 'frontal'].iloc[::-1].reset_index(drop=True)")
    found = read(zipped, ["train.csv", {**OWN, "lines": "fewer"}], "image")
    assert lines(found) == [["7_left"], ["10_left"]]
    assert found.index.tolist() == [2, 0], "messages name lines of the file"


def test_a_function_reads_other_tables_of_the_competition(zipped: Zipped, own: Own) -> None:
    own(
        """
def lines(table, read):
    table = table.join(table["image"].str.extract(r"(?P<patient>\\d+)_(?P<eye>left|right)"))
    assert read("list.txt", ["path", "label"])["label"].tolist() == ["cat", "dog"]
    return table.merge(read("people.csv"), how="left", left_on="patient", right_on="person")"""
    )
    found = read(zipped, ["train.csv", {**OWN, "lines": "any"}], "image", "sex")
    assert lines(found) == [["10_left", "f"]] * 2 + [["10_right", "f"]] * 2 + [["7_left", "m"]]
    assert found.index.tolist() == [0, 0, 1, 1, 2]


def test_a_table_joins_what_a_function_gave(zipped: Zipped, own: Own) -> None:
    own("def lines(table, read): return table.assign(person=table['image'].str.split('_').str[0])")
    joined = read(zipped, ["train.csv", OWN, "people.csv"], "person", "sex")
    assert lines(joined)[-1] == ["7", "m"] and len(joined) == 5


def test_lines_that_find_none_of_a_joined_table_are_told_in_each_part(zipped: Zipped) -> None:
    archives = zipped(
        {"a.csv": "id,y\n1,x\n02,y\n3,z\n", "b.csv": "id,y\n9,x\n4,y\n", "more.csv": "id,z\n1,p\n2,q\n4,r\n"}
    )
    for table in ("a.csv", "b.csv"):
        part = parse(
            {"kind": "table", "table": [table, "more.csv"], "id": "id", "path": "{id}"}, AnyPart, "", ("train",)
        )
        assert isinstance(part, TablePart)
        read_source(archives, part.table)
    assert archives.said["more.csv"][1:] == (
        "2 of 3 lines that it joins agree with none of its lines in id, and get empty fields: 02, 3.",
        "1 of 2 lines that it joins agree with none of its lines in id, and get empty fields: 9.",
    )


@pytest.mark.parametrize(
    ("body", "step", "message"),
    [
        ("return table[:1]", {}, r"`lines` returned 1 of 3 lines, without those on line 3, 4\. .*`lines: fewer`"),
        ("return table[:0]", {"lines": "fewer"}, r"`lines` returned no line"),
        ("return pd.concat([table, table[:1]])", {}, r"returned lines several times: those on line 2\. .*`lines: any`"),
        ("return pd.concat([table, table[:1]])", {"lines": "fewer"}, r"several times"),
        ("return table[['image']]", {}, r"without the column `#`.*: image\."),
        ("return table.set_axis(['a', 'a', *range(4)], axis=1)", {}, r"returned columns without the column `#`"),
        ("return pd.concat([table, table], axis=1)", {}, r"returned columns with some twice"),
        ("return table.assign(**{'#': 7})", {}, r"changed the column `#`, found 7"),
        ("return None", {}, r"own.py: `lines` returned NoneType instead of a pandas frame"),
        ("return table['View']", {}, r"own.py: `lines` failed: KeyError: 'View' \(line 2: def lines"),
        ("return read('other.csv')", {}, r"there is no table `other.csv`"),
        ("return table", {"name": "line"}, r"own.py has no `line`. It defines: lines"),
        ("return table", {"file": "other.py"}, r"other.py does not exist. .* has: own.py"),
    ],
)
def test_what_a_function_may_not_do_is_refused(
    zipped: Zipped, own: Own, body: str, step: dict[str, str], message: str
) -> None:
    own(f"def lines(table, read): {body}")
    with pytest.raises(Refusal, match=message) as refusal:
        read(zipped, ["train.csv", {**OWN, **step}], "image")
    assert "Traceback" not in str(refusal.value)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([OWN], r"`train.table` is \[.*the first of a list is the name of a file"),
        ([], "the first of a list is the name of a file"),
        (["train.csv", {"kind": "only"}], r"`train.table.1.kind` is 'only'. Valid: 'file', 'headerless', 'python'"),
        (["train.csv", {**OWN, "file": "../own.py"}], r"the name of a .py file next to the card"),
        (["train.csv", {**OWN, "lines": "some"}], r"`train.table.1.lines` is 'some'"),
        (["train.csv", "people.csv"], r"`people.csv` has no column in common with the lines .*: it has person, sex"),
        (
            [{"kind": "headerless", "name": "list.txt", "columns": ["image", "b", "c"]}],
            r"its lines have 2 fields, the card names 3; the first line is 'a/1.jpg\|cat'",
        ),
        (
            ["train.csv", {"kind": "headerless", "name": "list.txt", "columns": ["image", "label"]}],
            r"no line of `list.txt` agrees with one before it in image: there it is a/1.jpg, b/2.jpg, before 10_left, ",
        ),
    ],
)
def test_sources_that_do_not_fit_are_refused(zipped: Zipped, table: Any, message: str) -> None:
    with pytest.raises(Refusal, match=message):
        read(zipped, table, "image")
