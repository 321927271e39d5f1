"""Tables without a mark of their encoding: read rightly, or asked about with samples of each reading."""

import pytest

from foldline.archive.delimited import Spelling
from foldline.archive.encodings import Undecided
from foldline.archive.table_formats import parse_table
from tests.archive.label_files import WORDS, label_files


@pytest.mark.parametrize("encoding", WORDS)
def test_ten_labels_are_read_rightly(encoding: str) -> None:
    for text, content in label_files(encoding, 10, 10):
        labels = [line.split(",")[1] for line in text.split()[1:]]
        assert parse_table(content, "labels.csv")["label"].tolist() == labels


@pytest.mark.parametrize("encoding", WORDS)
def test_a_single_label_is_read_rightly_or_asked_about(encoding: str) -> None:
    for text, content in label_files(encoding, 1, 0):
        try:
            found = parse_table(content, "labels.csv")["label"].tolist()
        except Undecided:
            continue
        assert found == [text.split(",")[-1].strip()]


def test_where_several_would_fit_each_is_shown_and_the_card_decides() -> None:
    content = "id,label\n1,狗\n2,猫\n".encode("gbk")
    with pytest.raises(
        Undecided, match=r"its text may be one of these: .*gbk '狗', '猫'.* Write what it is in .*encoding: "
    ):
        parse_table(content, "t.csv")
    said: list[str] = []
    table = parse_table(content, "t.csv", Spelling(encoding="gb18030"), said=said)
    assert (table["label"].tolist(), said) == (["狗", "猫"], ["3 lines, 2 rows and the header"])


def test_what_was_assumed_is_said() -> None:
    said: list[str] = []
    parse_table("id,label\n1,Käfer\n2,Öl\n".encode("cp1252"), "t.csv", said=said)
    assert said[1].startswith("it is not UTF-8, and was read as cp1252: Käfer, Öl. Write its `encoding`")


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark(code: str) -> None:
    assert parse_table("id,label\n1,Käfer\n".encode(code), "t.csv")["label"].tolist() == ["Käfer"]


def test_a_byte_order_mark_is_no_part_of_a_name_whatever_the_card_says() -> None:
    for code, said in (("utf-8-sig", "utf-8"), ("utf-16", "utf-16-le")):
        table = parse_table("id,label\n1,Käfer\n".encode(code), "t.csv", Spelling(encoding=said))
        assert list(table) == ["id", "label"]
