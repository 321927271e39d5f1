import io

import numpy as np
import pytest

from foldline.archive.delimited import Spelling
from foldline.archive.table_formats import parse_table

TEXT = "id;name\n1;Käfer\n2;Öl\n"


def npy(array: np.ndarray) -> bytes:
    stored = io.BytesIO()
    np.save(stored, array)
    return stored.getvalue()


@pytest.mark.parametrize(
    "content",
    [TEXT.encode(code) for code in ("utf-8", "utf-8-sig", "utf-16", "cp1252")]
    + [TEXT.replace("\n", "\r\n").encode(), TEXT.replace("\n", "\r").encode()],
)
def test_a_csv_is_read_whatever_its_encoding_and_line_ends(content: bytes) -> None:
    table = parse_table(content, "labels.CSV")
    assert list(table) == ["id", "name"]
    assert table.values.tolist() == [["1", "Käfer"], ["2", "Öl"]]


def test_commas_in_the_texts_of_a_tsv_separate_nothing() -> None:
    spelling = Spelling(("path", "tags"))
    assert parse_table(b"a.jpg\tcat, dog\n", "t.tsv", spelling).to_dict("list") == {
        "path": ["a.jpg"],
        "tags": ["cat, dog"],
    }


def test_what_lies_in_quotes_separates_nothing() -> None:
    assert parse_table(b'id,"a\tb","c;""\td"\n1,2,3\n', "t.csv", Spelling()).columns.tolist() == [
        "id",
        "a\tb",
        'c;"\td',
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", " "])
def test_separators_are_found_in_the_first_line(separator: str) -> None:
    content = f"a{separator}b\n1{separator}\n".encode()
    assert parse_table(content, "t.txt").values.tolist() == [["1", ""]]
    assert parse_table(content, "t.txt", Spelling(("x", "y"))).values.tolist() == [["a", "b"], ["1", ""]]


@pytest.mark.parametrize("usecols", [None, ["id", "label"]])
def test_a_line_with_more_fields_is_refused_but_for_empty_ones_at_its_end(usecols: list[str] | None) -> None:
    table = parse_table(b"id,place,label\n1,Paris,dog,\n2,Rome,cat,\n", "t.csv", usecols=usecols)
    assert table["label"].tolist() == ["dog", "cat"]
    shifted = b'id,place,label\n1,"Rome, Italy",cat\n2,Paris, France,dog\n'
    with pytest.raises(
        ValueError, match=r"line 3 has 4 fields, the first line 3: 2, Paris,  France, dog\. Put a field"
    ):
        parse_table(shifted, "t.csv", usecols=usecols)


def test_arrays_are_tables() -> None:
    assert parse_table(npy(np.array([3, 1])), "y.npy")["value"].tolist() == ["3", "1"]
    assert parse_table(npy(np.array([[1.0, 0.5]])), "y.npy", usecols=["1"]).values.tolist() == [["0.5"]]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (
            b"a,b,a\n1,2,3\n",
            "t.csv",
            r"duplicate column names .*: a\. .*headerless, name: t.csv, columns: \[a_1, b, a_2\]}, .*: table\[1:\]",
        ),
        (npy(np.zeros((2, 2, 2))), "y.npy", r"its shape is \(2, 2, 2\)"),
        (npy(np.array([None])), "y.npy", "Object arrays cannot be loaded"),
        (b"", "t.csv", "No columns"),
        (b"PK\x03\x04\x14\0", "t.xlsx", r"it is not text: it begins with b'PK.*; write it as one of .csv, .tsv"),
        (b"\x80\x04\x95\x1a\0", "t.pkl", r"it is not text: it begins with b'\\x80"),
    ],
)
def test_what_is_no_table_says_why(content: bytes, name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_table(content, name)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.jsonl", b'{"key": "1.png", "value": "cat"}\n\n{"key": "2.png", "value": 7}\n'),
        ("t.json", b'{"1.png": "cat", "2.png": 7}'),
        ("t.json", b'{"key": "1.png", "value": "cat"}\n{"key": "2.png", "value": 7}\n'),
        ("t.txt", b"key     value\n1.png  cat\n2.png    7\n"),
    ],
)
def test_lines_of_json_a_json_of_pairs_and_columns_of_blanks(name: str, content: bytes) -> None:
    table = parse_table(content, name)
    assert table.to_dict("list") == {"key": ["1.png", "2.png"], "value": ["cat", "7"]}


def test_a_single_name_takes_lines_whole() -> None:
    content = b'0034309 Boeing 707-320\n"0034958, x"\n'
    assert parse_table(content, "t.txt", Spelling(["text"]))["text"].tolist() == [
        "0034309 Boeing 707-320",
        "0034958, x",
    ]
    with pytest.raises(
        ValueError, match=r"its lines have 3 fields, the card names 2; .* A single name reads whole lines"
    ):
        parse_table(content, "t.txt", Spelling(["id", "text"]))


@pytest.mark.parametrize(
    ("content", "columns"),
    [
        (b'{"a.mp4": {"label": "FAKE", "split": null}, "b.mp4": {"label": "REAL"}}',
         {"key": ["a.mp4", "b.mp4"], "label": ["FAKE", "REAL"], "split": ["", ""]}),
        (b'{"id": {"0": 7, "1": 8}, "label": {"0": "x", "1": "y"}}', {"id": ["7", "8"], "label": ["x", "y"]}),
        (b'{"id": {"a": 7, "b": 8, "c": 9}, "label": {"a": "x", "b": "y", "c": "z"}}',
         {"id": ["7", "8", "9"], "label": ["x", "y", "z"]}),
    ],
)  # fmt: skip
def test_a_json_of_rows_by_key_and_of_columns(content: bytes, columns: dict[str, list[str]]) -> None:
    assert parse_table(content, "t.json").to_dict("list") == columns


@pytest.mark.parametrize(("name", "content"), [("t.json", b'[["a", 1], ["b", 2]]'), ("t.jsonl", b'["a", 1]\n["b", 2]')])
def test_lists_of_json_have_columns_that_a_card_can_name(name: str, content: bytes) -> None:
    assert parse_table(content, name, usecols=["1", "0"]).to_dict("list") == {"1": ["1", "2"], "0": ["a", "b"]}


@pytest.mark.parametrize("code", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("name", ["t.json", "t.jsonl"])
def test_a_json_is_read_whatever_its_encoding(name: str, code: str) -> None:
    table = parse_table('{"name": "Käfer"}\r\n{"name": "Öl"}'.encode(code), name)
    assert table["name"].tolist() == ["Käfer", "Öl"]


def test_bytes_that_are_no_text_in_any_known_encoding_are_asked_about() -> None:
    content = b'[{"name": "K\xe4fer \x81"}]'
    with pytest.raises(ValueError, match=r"its text makes no sense in .* encoding: latin-1}"):
        parse_table(content, "t.json")
    assert parse_table(content, "t.json", Spelling(encoding="latin-1"))["name"].tolist() == ["Käfer \x81"]
    with pytest.raises(
        ValueError, match=r"the card says that its text is in cp1252, and it is not .*latin-1 takes any"
    ):
        parse_table(content, "t.json", Spelling(encoding="cp1252"))
