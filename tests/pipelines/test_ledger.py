"""`foldline ledger`: one line per upload, with what is known of it last."""

import sys
from pathlib import Path
from typing import Any

import pytest

from foldline.files.places import LEDGER
from foldline.kaggle.ledger import append_entry, entry
from pipelines import ledger


def listed(*arguments: str) -> Any:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "argv", ["foldline ledger", *arguments])
        return ledger.main()["uploads"]


@pytest.fixture(autouse=True)
def _written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = LEDGER
    append_entry(file, entry("dogs", "aaa", "intended"))
    append_entry(file, entry("digits", "bbb", "intended"))
    append_entry(file, entry("dogs", "aaa", "submitted", 7))
    append_entry(file, entry("dogs", "aaa", "scored", 7, "0.25"))


def test_each_upload_once_with_its_latest_state(capsys: pytest.CaptureFixture[str]) -> None:
    found = listed()
    assert [(one["run_id"], one["event"], one["public_score"]) for one in found] == [
        ("aaa", "scored", "0.25"),
        ("bbb", "intended", ""),
    ]
    printed = capsys.readouterr().out
    assert "0.25" in printed
    assert "intended" in printed


def test_on_80_columns_nothing_is_cut_off(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    append_entry(LEDGER, entry("plant-pathology-2021-fgvc8", "8f3002a37d0f", "scored", 1796067873, "0.02230"))
    listed()
    lines = capsys.readouterr().out.splitlines()
    assert {"8f3002a37d0f", "1796067873", "scored", "0.02230"} <= set(" ".join(lines).split())
    assert all(len(line) <= 80 and "…" not in line for line in lines)


def test_of_one_competition() -> None:
    assert [one["run_id"] for one in listed("--competition", "digits")] == ["bbb"]


def test_none_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "submissions" / "ledger.csv").unlink()
    assert listed() == []
    assert capsys.readouterr().out == "No uploads yet.\n"
