"""Commands through slots: what runs at once, what happens on failures, and that nothing outlives the queue."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from foldline.fan_out.queue import Ended, Item, Running, run_queue


class Silent:
    """A screen that only remembers the events."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def begin(self, running: Running) -> None:
        self.events.append(f"begin {running.item.name}")

    def show(self, running: Mapping[int, Running], waiting: int, ended: Sequence[Ended]) -> None:
        pass

    def fail(self, running: Running, code: int) -> None:
        self.events.append(f"fail {running.item.name} {code}")

    def end(self, ended: Ended) -> None:
        self.events.append(f"end {ended.item.name} {ended.code}")


def item(folder: Path, name: str, script: str, attempts: int = 1, **environment: str) -> Item:
    return Item(name, ("sh", "-c", script), folder, folder / f"{name}.log", environment, attempts)


def test_one_slot_works_on_one_after_the_other_in_order(tmp_path: Path) -> None:
    screen = Silent()
    items = [item(tmp_path, name, f"echo of {name}; pwd >&2") for name in "abc"]
    ended = run_queue(items, [{}], screen)
    assert [(one.item.name, one.code, one.is_done) for one in ended] == [(name, 0, True) for name in "abc"]
    assert screen.events == [
        f"{event} {name}{code}" for name in "abc" for event, code in (("begin", ""), ("end", " 0"))
    ]
    assert (tmp_path / "b.log").read_text() == f"of b\n{tmp_path}\n"


def test_slots_work_at_once(tmp_path: Path) -> None:
    """Each of the two waits for what the other writes."""
    meet = "touch {0}; until [ -e {1} ]; do sleep 0.01; done"
    items = [item(tmp_path, "a", meet.format("one", "two")), item(tmp_path, "b", meet.format("two", "one"))]
    assert [one.code for one in run_queue(items, [{}, {}], Silent())] == [0, 0]


def test_a_slot_and_an_item_say_their_environment(tmp_path: Path) -> None:
    one = item(tmp_path, "a", 'echo "$OF_SLOT $OF_ITEM $FOLDLINE_PROGRESS"', OF_ITEM="item")
    run_queue([one], [{"OF_SLOT": "slot", "OF_ITEM": "overruled"}], Silent())
    assert one.log.read_text() == f"slot item {tmp_path / 'a.progress.json'}\n"


def test_the_others_go_on_when_one_fails(tmp_path: Path) -> None:
    items = [item(tmp_path, "a", "exit 3"), item(tmp_path, "b", "kill -KILL $$"), item(tmp_path, "c", "true")]
    ended = {one.item.name: one.code for one in run_queue(items, [{}, {}], Silent())}
    assert ended == {"a": 3, "b": -9, "c": 0}


def test_an_item_that_is_killed_is_started_again_as_often_as_it_asks(tmp_path: Path) -> None:
    """What fails by itself would fail again."""
    screen, kill = Silent(), "kill -KILL $$"
    at_second = f"[ -e there ] || {{ touch there; {kill}; }}"
    scripts = {"a": (at_second, 3), "b": (kill, 2), "c": ("exit 1", 2)}
    items = [item(tmp_path, name, script, attempts) for name, (script, attempts) in scripts.items()]
    assert [one.code for one in run_queue(items, [{}], screen)] == [0, -9, 1]
    of_each = ["begin a", "fail a -9", "end a 0"], ["begin b", "fail b -9", "end b -9"], ["begin c", "end c 1"]
    assert screen.events == [event for events in of_each for event in events]


def test_a_rule_ends_an_item_and_its_descendants(tmp_path: Path) -> None:
    """The other runs on; what is ended has not failed, so that it is not started again."""
    endless = item(tmp_path, "a", "sleep 3600 & echo $! > child; touch begun; wait", attempts=2)
    other = item(tmp_path, "b", "until [ -e ended ]; do sleep 0.01; done")
    children: list[int] = []

    def stop(running: Running) -> str | None:
        if running.item is endless and (tmp_path / "begun").exists():
            children.append(int((tmp_path / "child").read_text()))
            (tmp_path / "ended").touch()
            return "a rule"
        return None

    first, second = run_queue([endless, other], [{}, {}], Silent(), stop=stop)
    assert (first.item.name, first.stopped, first.is_done, first.has_failed) == ("a", "a rule", False, False)
    assert (second.item.name, second.stopped, second.is_done) == ("b", None, True)
    assert not lives(*children)


def test_nothing_to_do_is_done(tmp_path: Path) -> None:
    assert run_queue([], [{}], Silent()) == []


STUBBORN = """
import os, signal, sys
from pathlib import Path
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()  # as torch's launcher does with the processes that learn
Path(f"{os.getpid()}.pid").touch()
while True:
    signal.pause()
"""
QUEUE = """
import sys
from pathlib import Path
from pipelines.running import run
from tests.fan_out.test_queue import Silent, item
from foldline.fan_out.queue import run_queue
run(lambda: run_queue([item(Path.cwd(), name, sys.argv[1]) for name in "ab"], [{}, {}], Silent()))
"""


def start_queue(folder: Path, script: str, processes: int) -> tuple["subprocess.Popen[str]", list[int]]:
    """A process whose two items run `script`, which leaves a file `<number>.pid` per process, and these numbers."""
    queue = subprocess.Popen(
        [sys.executable, "-c", QUEUE, script],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    while len(found := list(folder.glob("*.pid"))) < processes:
        assert queue.poll() is None, queue.communicate()[1]
    return queue, [int(path.stem) for path in found]


@pytest.mark.parametrize("request_", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_ends_all_descendants(request_: signal.Signals, tmp_path: Path) -> None:
    """Each item has a child in a session of its own; all of these ignore SIGTERM."""
    (tmp_path / "stubborn.py").write_text(STUBBORN)
    queue, descendants = start_queue(tmp_path, f"{sys.executable} stubborn.py; true", 4)
    queue.send_signal(request_)
    _, said = queue.communicate()
    assert (queue.returncode, said) == (130, "interrupted; run the same command again to resume\n")
    assert not [pid for pid in descendants if lives(pid)]


def test_killed_it_takes_its_items_with_it(tmp_path: Path) -> None:
    queue, items = start_queue(tmp_path, "touch $$.pid; exec sleep 3600", 2)
    queue.kill()
    queue.communicate()
    while any(lives(pid) for pid in items):
        time.sleep(0.01)


def lives(pid: int) -> bool:
    """A zombie does not: it waits for init."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False
