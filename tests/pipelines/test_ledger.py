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


def test_of_one_competition() -> None:
    assert [one["run_id"] for one in listed("--competition", "digits")] == ["bbb"]


def test_none_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "submissions" / "ledger.csv").unlink()
    assert listed() == []
    assert capsys.readouterr().out == "No uploads yet.\n"
