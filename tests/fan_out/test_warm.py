"""Items as forks of a warm process: they behave as `python -m` does, and none outlives the queue."""

import os
import signal
import subprocess
import sys
import time
from multiprocessing import get_start_method
from pathlib import Path

import pytest

from tests.fan_out.test_queue import lives

QUEUE = """
import sys
from pathlib import Path
from pipelines.running import run
from tests.fan_out.test_queue import Silent
from foldline.fan_out.queue import Item, run_queue
from foldline.fan_out.warm import warm_start

def item(name, folder, *words):
    return Item(name, ("python", "-P", "-m", *words), Path(folder), Path(name + ".log"), {"OF": name})

def queue():
    items = [item("a", ".", "scripted", "one"), item("b", "below", "scripted", *sys.argv[1:])]
    ended = run_queue(items, [{"SLOT": "0"}, {"SLOT": "1"}], Silent(), warm_start(["heavy"], {"OMP_NUM_THREADS": "3"}))
    print({one.item.name: one.code for one in ended} == {"a": 0, "b": int(sys.argv[2])})

if __name__ == "__main__":
    run(queue)
"""
HEAVY = """
import os
imported_by, threads = os.getpid(), os.environ["OMP_NUM_THREADS"]
"""
SCRIPTED = """
import os, signal, sys
from multiprocessing import RLock, get_start_method
from pathlib import Path
import heavy
lock = RLock()  # as tqdm has
print(sys.argv[1], Path.cwd().name, os.environ["OF"], os.environ["SLOT"], Path(os.environ["FOLDLINE_PROGRESS"]).name)
print(heavy.imported_by, heavy.threads, __name__, get_start_method(), sys.stdin.read(), flush=True)
match sys.argv[1]:
    case "refuse": sys.exit("error: no")
    case "number": sys.exit(7)
    case "raise": raise ValueError("mistaken")
    case "kill": os.kill(os.getpid(), signal.SIGKILL)
    case "stubborn" | "stay":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if sys.argv[1] == "stubborn" and os.fork() == 0:
            os.setsid()  # as torch's launcher does with the processes that learn
        (Path(__file__).parent / f"{os.getpid()}.pid").touch()
        while True: signal.pause()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "below").mkdir()
    for name, content in {"heavy": HEAVY, "scripted": SCRIPTED, "queue_of_two": QUEUE}.items():
        (tmp_path / f"{name}.py").write_text(content)
    return tmp_path


def start(folder: Path, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "queue_of_two.py", *words],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        ("return", 0, ""),
        ("refuse", 1, "error: no"),
        ("number", 7, ""),
        ("raise", 1, "ValueError: mistaken"),
        ("kill", -9, ""),
    ],
)
def test_a_fork_is_as_a_process_of_its_own(ending: str, code: int, said: str, folder: Path) -> None:
    queue = start(folder, ending, str(code))
    assert queue.communicate() == ("True\n", "")
    first, second = (folder / "a.log").read_text(), (folder / "b.log").read_text()
    assert first.startswith(f"one {folder.name} a 0 a.progress.json\n")
    assert second.startswith(f"{ending} below b 1 b.progress.json\n")
    assert second.strip().endswith(said)
    heavy = {text.splitlines()[1] for text in (first, second)}
    assert len(heavy) == 1, "one process imported it for both"
    assert heavy.pop().split()[1:] == ["3", "__main__", get_start_method()]


@pytest.mark.parametrize(
    ("how", "script", "processes"),
    [(signal.SIGINT, "stubborn", 2), (signal.SIGTERM, "stubborn", 2), (signal.SIGKILL, "stay", 1)],
)
def test_no_fork_outlives_the_queue(how: signal.Signals, script: str, processes: int, folder: Path) -> None:
    """On an interrupt the fork's child in a session of its own, which ignores SIGTERM as it does, ends, too."""
    queue = start(folder, script, "0")
    while len(found := list(folder.glob("*.pid"))) < processes:
        assert queue.poll() is None, queue.communicate()[1]
    queue.send_signal(how)
    said = "" if how == signal.SIGKILL else "interrupted; run the same command again to resume\n"
    assert queue.communicate() == ("", said)
    while any(lives(int(path.stem)) for path in found):
        time.sleep(0.01)
