"""What a person sees of a queue, and the time that it says is left."""

import io
import json
import os
import subprocess
import time
from pathlib import Path

import pytest
from rich.console import Console

from foldline.fan_out.display import Display, seconds_left
from foldline.fan_out.queue import Ended, Item, Running
from foldline.files.progress import Done, duration, read_progress, report_progress


def item(folder: Path, name: str = "fold 0, seed 0", attempts: int = 1) -> Item:
    return Item(name, ("true",), folder, folder / "log", attempts=attempts)


@pytest.fixture
def process() -> "subprocess.Popen[bytes]":
    ended = subprocess.Popen(["true"])
    ended.wait()
    return ended


def running_for(seconds: float, of: Item, process: "subprocess.Popen[bytes]") -> Running:
    return Running(of, process, 1, time.monotonic() - seconds)


def test_progress_is_reported_to_the_file_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "progress.json"
    monkeypatch.delenv("FOLDLINE_PROGRESS", raising=False)
    report_progress(Done(1, 3, 60.0))
    assert read_progress(path) is None
    monkeypatch.setenv("FOLDLINE_PROGRESS", str(path))
    report_progress(Done(1, 3, 60.0))
    os.utime(path, (time.time() - 20, time.time() - 20))
    found = read_progress(path)
    assert found is not None
    assert found[:2] == (1, 3)
    assert found.seconds_left == pytest.approx(40, abs=5)


def test_durations() -> None:
    assert [duration(seconds) for seconds in (0.0, 59.6, 245.0, 7384.0)] == ["0:00", "1:00", "4:05", "2h03"]


def test_the_time_left_is_unknown_until_something_is_known(tmp_path: Path, process: "subprocess.Popen[bytes]") -> None:
    assert seconds_left([running_for(30, item(tmp_path), process)], 2, [], 1) is None


def test_the_time_left_of_items_like_those_that_ended(tmp_path: Path, process: "subprocess.Popen[bytes]") -> None:
    """Ended: 100 s each. One has run for 30 s, so 70 are left; three wait. In 2 slots: (70 + 3 x 100) / 2."""
    ended = [Ended(item(tmp_path), 0, 90.0), Ended(item(tmp_path), 0, 110.0), Ended(item(tmp_path), 1, 2.0)]
    left = seconds_left([running_for(30, item(tmp_path), process)], 3, ended, 2)
    assert left == pytest.approx(185, abs=1)


def test_the_time_left_by_what_a_running_item_says(tmp_path: Path, process: "subprocess.Popen[bytes]") -> None:
    """It has run for 60 s and says 40 more: so do the two that wait take 100 each."""
    running = running_for(60, item(tmp_path), process)
    running.item.progress.write_text(json.dumps({"epochs": 3, "of": 5, "seconds_left": 40}))
    assert seconds_left([running], 2, [], 1) == pytest.approx(240, abs=3)
    assert seconds_left([running], 0, [], 4) == pytest.approx(40, abs=3), "one item is not divided among slots"


def console(is_terminal: bool) -> Console:
    return Console(file=io.StringIO(), force_terminal=is_terminal, width=80, color_system=None, soft_wrap=True)


def test_without_a_terminal_it_says_a_line_per_event(tmp_path: Path, process: "subprocess.Popen[bytes]") -> None:
    out = console(is_terminal=False)
    one = running_for(0, item(tmp_path, attempts=2), process)
    one.item.log.write_text("".join(f"line {number}\n" for number in range(40)))
    with Display(2, 1, out) as display:
        display.begin(one)
        display.show({0: one}, 1, [])
        display.fail(one, 1)
        display.end(Ended(one.item, 0, 61.0))
        display.end(Ended(one.item, -9, 61.0))
    said = out.file.getvalue().splitlines()  # type: ignore[attr-defined]
    end_of_log = [f"  line {number}" for number in range(25, 40)]
    assert said == [
        f"fold 0, seed 0: started; its log is {tmp_path / 'log'}",
        "fold 0, seed 0: failed with exit code 1 in attempt 1 of 2; it is started again. The end of its log:",
        *end_of_log,
        "fold 0, seed 0: done in 1:01",
        "fold 0, seed 0: ended by signal 9 after 1:01. The end of its log:",
        *end_of_log,
    ]


def test_at_a_terminal_a_line_for_the_whole_and_one_per_slot(
    tmp_path: Path, process: "subprocess.Popen[bytes]"
) -> None:
    out = console(is_terminal=True)
    one = running_for(60, item(tmp_path), process)
    one.item.progress.write_text(json.dumps({"epochs": 3, "of": 5, "seconds_left": 40.4}))
    with Display(4, 2, out) as display:
        display.show({1: one}, 1, [Ended(item(tmp_path), 0, 100.0), Ended(item(tmp_path), 1, 3.0)])
    drawn = out.file.getvalue()  # type: ignore[attr-defined]
    assert "2 of 4 done, 1 of them failed, about 1:10 left" in drawn
    assert "  1: fold 0, seed 0  1:00  epoch 3 of 5, 0:40 left" in drawn
