"""The ledger keeps what it is told, and is refused when it is another file; so is a receipt."""

from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.files.whole_files import read_json
from foldline.kaggle.ledger import Receipt, append_entry, entry, read_ledger, write_receipt


def test_entries_are_read_back_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "submissions" / "ledger.csv"
    assert read_ledger(path) == []
    entries = [
        entry("digits", "1a", "intended"),
        entry("digits", "1a", "rejected", 7, note='no column "a", or\r\nb\rc\u2028d'),
        entry("digits", "1a", "scored", 8, "0.5"),
    ]
    for new in entries:
        append_entry(path, new)
    first, second, third = read_ledger(path)
    assert (first, third) == (entries[0], entries[2])
    assert second.note == 'no column "a", or b c d'
    assert path.read_text().count("time,competition") == 1


def test_a_line_that_a_crash_cut_short_is_not_an_entry(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    first, second = entry("digits", "1a", "intended"), entry("digits", "1a", "submitted", 7)
    append_entry(path, first)
    with path.open("a") as file:
        file.write("2026-11-22T01:00:00Z,digits,1a,subm")
    assert read_ledger(path) == [first]
    append_entry(path, second)
    assert read_ledger(path) == [first, second]


def test_a_quote_that_a_crash_left_open_swallows_no_later_entry(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    append_entry(path, entry("digits", "1a", "failed", note='Kaggle said "no", twice'))
    whole, later = path.read_bytes(), entry("digits", "2b", "submitted", 7)
    for cut in range(1, 25):
        path.write_bytes(whole[:-cut])
        append_entry(path, later)
        append_entry(path, later)
        assert read_ledger(path)[-2:] == [later, later]


@pytest.mark.parametrize("content", [b"\xff\xfe\x00a", b"time,\x00\n", bytes(range(256)), b'"' + b"x" * 200_000])
def test_no_table_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.csv"
    path.write_bytes(content)
    with pytest.raises(Refusal, match=r"ledger.csv(: the columns are|  ?is not a table).*Restore the file"):
        read_ledger(path)


def test_another_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Refusal, match="the columns are a, b, expected time, competition, run_id"):
        read_ledger(path)


def test_a_line_with_a_comma_too_many_is_no_torn_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    append_entry(path, entry("digits", "1a", "scored", 7, "0.5", "mine"))
    path.write_text(path.read_text().replace("mine", "mine, the best"))
    with pytest.raises(Refusal, match=r"more fields than the 7 columns: .*,mine, the best\. Quote a field with commas"):
        read_ledger(path)


RECEIPT = Receipt(
    competition="digits",
    run_id="1a",
    ref=7,
    status="complete",
    public_score="0.50000",
    private_score="",
    metric="log_loss",
    out_of_fold_score=0.5,
)


def test_round_trip(tmp_path: Path) -> None:
    write_receipt(tmp_path / "receipt.json", RECEIPT)
    assert read_json(tmp_path / "receipt.json") == RECEIPT.model_dump()
