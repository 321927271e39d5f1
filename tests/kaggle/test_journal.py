import json
import multiprocessing
import os
import zlib
from dataclasses import asdict
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from foldline.kaggle.journal import Journal, Line, state_folder


def line(number: int) -> Line:
    return Line("intended", f"run {number}", number, float(number), "hash", 7, 3, (1, 2), note='a "word"\n')


def test_lines_are_read_back(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a" / "b")
    assert journal.lines() == []
    with journal.locked():
        for number in range(3):
            journal.append(line(number))
    assert journal.lines() == [line(number) for number in range(3)]


def test_what_a_crash_cut_short_had_not_begun(tmp_path: Path) -> None:
    """At every byte of the last line."""
    journal = Journal(tmp_path)
    journal.append(line(0))
    first = journal.path.read_bytes()
    journal.append(line(1))
    whole = journal.path.read_bytes()
    for cut in range(len(first), len(whole)):
        journal.path.write_bytes(whole[:cut])
        assert journal.lines() == [line(0)]
        journal.append(line(2))
        assert journal.lines() == [line(0), line(2)]


def test_a_flipped_bit_is_never_overlooked(tmp_path: Path) -> None:
    """A line that could be the only trace of an upload: every bit of it."""
    journal = Journal(tmp_path)
    for number in range(2):
        journal.append(line(number))
    whole = journal.path.read_bytes()
    for position in range(len(whole) - 1):
        flipped = bytearray(whole)
        flipped[position] ^= 1 << position % 8
        journal.path.write_bytes(flipped)
        with pytest.raises(Refusal, match=r"journal.jsonl, line \d, is damaged.*nothing was uploaded"):
            journal.lines()


@pytest.mark.parametrize("change", [{"step": "retried"}, {"team": 3}, {"listed": 7}])
def test_what_another_version_wrote_is_never_taken_for_nothing(change: dict[str, object], tmp_path: Path) -> None:
    journal, text = Journal(tmp_path), json.dumps(asdict(line(0)) | change)
    journal.append(line(1))
    with journal.path.open("a") as file:
        file.write(f"{zlib.crc32(text.encode()):08x} {text}\n")
    said = rf"journal.jsonl, line 2, is of another version of Foldline \({next(iter(change))}: .*nothing was uploaded"
    with pytest.raises(Refusal, match=said):
        journal.lines()


def hold(folder: Path, held: Event) -> None:
    with Journal(folder).locked():
        held.set()
        held.wait()
        os.kill(os.getpid(), 9)


def test_one_process_at_a_time_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    held = context.Event()
    other = context.Process(target=hold, args=(tmp_path, held))
    other.start()
    held.wait()
    with Journal(tmp_path).locked():
        other.join()
    assert other.exitcode == -9


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    journal, words = Journal(tmp_path / "file" / "below"), r"kept there \(Not a directory\), so nothing was uploaded"
    with pytest.raises(Refusal, match=words), journal.locked():
        pass


def test_where_it_lies() -> None:
    assert state_folder({"HOME": "/home/me"}, "Me", "dogs") == Path("/home/me/.local/state/foldline/me/dogs")
    assert state_folder({"HOME": "/home/me", "XDG_STATE_HOME": "/s"}, "me", "x") == Path("/s/foldline/me/x")
    assert state_folder({"FOLDLINE_STATE": "/f"}, "a@b/../c", "../x") == Path("/f/a_b____c/___x")


@pytest.mark.parametrize(("variable", "folder"), [("FOLDLINE_STATE", "~/x"), ("XDG_STATE_HOME", "x"), ("HOME", "..")])
def test_a_folder_that_is_another_for_each_clone(variable: str, folder: str) -> None:
    with pytest.raises(Refusal, match=rf"would lie in {folder}.*so nothing was uploaded.*begins with /"):
        state_folder({"HOME": "/home/me", variable: folder}, "me", "x")
