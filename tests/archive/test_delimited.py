"""No line of a table is lost or joined without a word."""

import pytest

from foldline.archive.delimited import Spelling
from foldline.archive.table_formats import parse_table

HEADER = b"id,label\n"
ROWS = b"1,cat\n2,dog\n3,bird\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'1,"big dog\n2,"small cat\n3,x\n', r"a quote in line 2 takes the lines up to 3 .* '2,\"small cat'"),
        (b'1,"big dog\n2,cat"\n3,x\n', r"a quote in line 2 takes the lines up to 3 .* '2,cat\"'\. Where a quote is"),
        (b'1,x\n2,"big\n3,cat\n', r"a quote in line 3 is never closed"),
        (b'ISIC_1,"a\nISIC_22,b"\n', "such as 'ISIC_22,b"),
    ],
)
def test_a_quote_that_swallows_lines_is_refused_until_the_card_says_what_it_is(content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_table(HEADER + content, "t.csv")
    literal = parse_table(HEADER + content, "t.csv", Spelling(quotes="literal"))
    assert len(literal) == content.count(b"\n")


@pytest.mark.parametrize(
    ("content", "labels", "said"),
    [
        (ROWS, ["cat", "dog", "bird"], ["4 lines, 3 rows and the header"]),
        (ROWS + b"\n\n", ["cat", "dog", "bird"], ["6 lines, 3 rows and the header"]),
        (b'1,a "big" dog\n2,5" pipe\n', ['a "big" dog', '5" pipe'], ["3 lines, 2 rows and the header"]),
        (b'1,"two\nlines"\n', ["two\nlines"],
         ["3 lines, 1 rows and the header",
          "line 3 ends a field in quotes that began in an earlier line: these are one row."]),
        (b"1,a\n\n2,b\n", ["a", "b"],
         ["4 lines, 2 rows and the header",
          "line 3 is blank and no row: the rows after it have lower numbers than their lines."]),
        (b"1,a\n2\n3,b\n4\n", ["a", "", "b", ""],
         ["5 lines, 4 rows and the header", "line 3, 5 lack fields, which count as empty. Is the file whole?"]),
        (b'1,"big" dog\n', ["big dog"],
         ["2 lines, 1 rows and the header",
          "line 2 has text after a closing quote: `quotes: literal` would keep such quotes."]),
        (b"1,big\rdog\n", ["big", ""],
         ["3 lines, 2 rows and the header", "line 3 lacks fields, which count as empty. Is the file whole?"]),
    ],
)  # fmt: skip
def test_rows_are_held_against_lines(content: bytes, labels: list[str], said: list[str]) -> None:
    found: list[str] = []
    assert parse_table(HEADER + content, "t.csv", said=found)["label"].tolist() == labels
    assert found == said


def test_fields_in_quotes_may_hold_lines_that_look_like_rows_where_the_card_says_so() -> None:
    content = HEADER + b'1,"big dog\n2,cat"\n3,x\n'
    table = parse_table(content, "t.csv", Spelling(quotes="around"))
    assert table["label"].tolist() == ["big dog\n2,cat", "x"]


def test_a_key_of_json_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"an object has the key .* twice"):
        parse_table(b'{"a.png": "cat", "a.png": "dog"}', "t.json")
