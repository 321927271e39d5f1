"""Stages as forks of one server: they behave as `python -m` does, and none outlives what started it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

DVC = """
import json, subprocess, sys
for line in sys.stdin:
    wish = json.loads(line)
    reader = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=open("out", "wb"))
    stage = subprocess.Popen(
        [sys.executable, "-m", "stage", *wish["words"]], env=wish["environment"], cwd=wish["folder"],
        stdin=subprocess.DEVNULL, stdout=reader.stdin, stderr=open("err", "wb"))
    reader.stdin.close()
    print(stage.pid, flush=True)
    code = stage.wait()
    reader.wait()
    print(code, flush=True)
"""
STAGE = """
import sys
from foldline.files.parent import die_with_parent
die_with_parent()
from foldline.fan_out.warm_stages import start_warm
starts = [sys.executable, "-m", "server"]
start_warm(["work", *sys.argv[1:]], starts, may_start=sys.argv[1] != "light")
print("by itself")
"""
SERVER = """
import sys
from pathlib import Path
from foldline.fan_out.warm_stages import serve
serve(int(sys.argv[1]), int(sys.argv[2]), ["heavy"], [Path("code")])
"""
HEAVY = """
import os
imported_by = os.getpid()
class Large:
    def __del__(self, write=os.write): write(1, b"taken apart\\n")
large = Large()
"""
WORK = """
import atexit, os, signal, sys
from multiprocessing import Pool
from pathlib import Path
import heavy
atexit.register(lambda: print("at its end"))
if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")
    print(sys.argv[1:], Path.cwd().name, os.environ["DVC_STAGE"], __name__, heavy.imported_by, repr(sys.stdin.read()))
    match sys.argv[1]:
        case "refuse": sys.exit("error: no")
        case "number": sys.exit(7)
        case "raise": raise ValueError("mistaken")
        case "kill": os.kill(os.getpid(), signal.SIGKILL)
        case "thread":
            import threading
            last = threading.Thread(target=lambda: (threading.main_thread().join(), print("after the main thread")))
            last.start()
        case "pool":
            with Pool(2) as pool: print(pool.map(abs, [-1, -2]))
        case "wait":
            def interrupted(number, frame):
                sys.exit(100 + number)
            signal.signal(signal.SIGTERM, interrupted)
            signal.signal(signal.SIGINT, interrupted)
            Path("ready").write_text(str(os.getpid()))
            while True: signal.pause()
"""


class Dvc:
    """A process that starts stages, one after the other, as DVC does."""

    def __init__(self, folder: Path, *within: str) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [*within, sys.executable, "-c", DVC], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def start(self, *words: str, folder: str = ".", **environment: str) -> int:
        """The stage's process."""
        paths = os.pathsep.join([str(self.folder), *sys.path])
        given = {**os.environ, "PYTHONPATH": paths, "DVC_STAGE": words[0], **environment}
        assert self.process.stdin is not None
        wish = {"words": words, "environment": given, "folder": str(self.folder / folder)}
        self.process.stdin.write(json.dumps(wish) + "\n")
        self.process.stdin.flush()
        return self._number()

    def end(self) -> tuple[int, str, str]:
        """Its exit code, and what it said."""
        return self._number(), (self.folder / "out").read_text(), (self.folder / "err").read_text()

    def run(self, *words: str, folder: str = ".", **environment: str) -> tuple[int, str, str]:
        self.start(*words, folder=folder, **environment)
        return self.end()

    def _number(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


@contextmanager
def started(folder: Path, *within: str) -> Iterator[Dvc]:
    (folder / "below").mkdir(parents=True)
    (folder / "code").mkdir()
    (folder / "code" / "one.py").touch()
    for name, content in {"stage": STAGE, "server": SERVER, "work": WORK, "heavy": HEAVY}.items():
        (folder / f"{name}.py").write_text(content)
    dvc = Dvc(folder, *within)
    yield dvc
    dvc.process.kill()
    dvc.process.wait()


@pytest.fixture
def dvc(tmp_path: Path) -> Iterator[Dvc]:
    with started(tmp_path) as dvc:
        yield dvc


def server_of(said: str) -> int:
    return int(said.split()[-2])


def test_stages_are_forks_of_one_server(dvc: Dvc) -> None:
    (first, said, _), (second, again, _) = dvc.run("one"), dvc.run("two", "2", folder="below")
    server = server_of(said.splitlines()[0])
    assert (first, said) == (0, f"['one'] {dvc.folder.name} one __main__ {server} ''\nat its end\n")
    assert (second, again) == (0, f"['two', '2'] below two __main__ {server} ''\nat its end\n")


@pytest.mark.parametrize(
    ("word", "code", "words"),
    [
        ("refuse", 1, "error: no\n"),
        ("number", 7, ""),
        ("kill", -signal.SIGKILL, ""),
        ("raise", 1, "ValueError: mistaken\n"),
    ],
)
def test_it_ends_as_its_fork_ends(word: str, code: int, words: str, dvc: Dvc) -> None:
    ended, _, said = dvc.run(word)
    assert ended == code
    assert said.endswith(words) and bool(said) == bool(words)
    assert dvc.run("one")[0] == 0  # the server goes on


def test_a_fork_may_have_processes_of_its_own(dvc: Dvc) -> None:
    assert "[1, 2]" in dvc.run("pool")[1]


def test_a_fork_waits_for_its_threads_and_takes_nothing_apart(dvc: Dvc) -> None:
    said = dvc.run("thread")[1].splitlines()
    assert said[1:] == ["after the main thread", "at its end"]


def test_a_light_stage_starts_no_server_and_uses_one(dvc: Dvc) -> None:
    assert dvc.run("light")[1] == "by itself\n"
    dvc.run("one")
    assert dvc.run("light")[1].startswith("['light']")


def test_where_code_has_changed_a_stage_starts_by_itself_and_the_next_another_server(dvc: Dvc) -> None:
    before = server_of(dvc.run("one")[1].splitlines()[0])
    (dvc.folder / "code" / "two.py").touch()
    assert dvc.run("one")[1] == "by itself\n"
    psutil.wait_procs([psutil.Process(before)] if psutil.pid_exists(before) else [])
    after = server_of(dvc.run("one")[1].splitlines()[0])
    assert after != before


def test_in_another_environment_a_stage_starts_by_itself(dvc: Dvc) -> None:
    dvc.run("one")
    assert dvc.run("one", OMP_NUM_THREADS="7")[1] == "by itself\n"


CONTAINER = ("unshare", "--map-root-user", "--fork", "--pid", "--mount-proc", "--kill-child")
"""Of its own processes, which are numbered anew; files and the network are shared."""


@pytest.mark.skipif(subprocess.getstatusoutput(f"{' '.join(CONTAINER)} true")[0] != 0, reason="no containers here")
def test_another_container_s_server_is_none_of_ours(tmp_path: Path) -> None:
    """In both, DVC is process 1."""
    with started(tmp_path / "one", *CONTAINER) as one, started(tmp_path / "two", *CONTAINER) as two:
        same = {"PYTHONPATH": os.pathsep.join(sys.path), "DVC_STAGE": "one"}
        assert one.run("one", **same)[1].startswith("['one']")
        assert two.run("light", **same)[1] == "by itself\n"


def test_where_the_server_cannot_import_a_stage_starts_by_itself(dvc: Dvc) -> None:
    (dvc.folder / "heavy.py").write_text("import absent")
    assert dvc.run("one") == (0, "by itself\n", "")


def test_a_server_that_holds_a_device_forks_nothing_and_is_asked_no_second_import(dvc: Dvc) -> None:
    (dvc.folder / "heavy.py").write_text(
        "from pathlib import Path\nPath('imported').open('a').write('once ')\nheld = open('/dev/zero')"
    )
    server = "from foldline.fan_out import warm_stages\nwarm_stages.DEVICES = ('/dev/zero',)" + SERVER
    (dvc.folder / "server.py").write_text(server)
    assert [dvc.run("one") for _ in range(2)] == [(0, "by itself\n", "")] * 2
    assert (dvc.folder / "imported").read_text() == "once "


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_are_passed_on(number: signal.Signals, dvc: Dvc) -> None:
    stage, _ = waiting(dvc)
    os.kill(stage, number)
    assert dvc.end()[0] == 100 + number


def test_a_fork_ends_with_its_stage(dvc: Dvc) -> None:
    stage, fork = waiting(dvc)
    os.kill(stage, signal.SIGKILL)
    assert dvc.end()[0] == -signal.SIGKILL
    psutil.wait_procs([fork])
    assert dvc.run("one")[0] == 0


def test_all_end_with_dvc(dvc: Dvc) -> None:
    stage, fork = waiting(dvc)
    server = fork.parent()
    assert server is not None
    dvc.process.kill()
    psutil.wait_procs([fork, server, psutil.Process(stage)])


def test_a_server_that_still_imports_ends_with_dvc(dvc: Dvc) -> None:
    importing = "import os, signal, pathlib; pathlib.Path('ready').write_text(str(os.getpid())); signal.pause()"
    (dvc.folder / "heavy.py").write_text(importing)
    stage, server = waiting(dvc)
    dvc.process.kill()
    psutil.wait_procs([server, psutil.Process(stage)])


def test_a_killed_server_is_told(dvc: Dvc) -> None:
    _, fork = waiting(dvc)
    server = fork.parent()
    assert server is not None
    server.kill()
    code, _, said = dvc.end()
    assert (code, said.split(":")[0]) == (1, "error")
    assert "was killed" in said
    psutil.wait_procs([fork])


def waiting(dvc: Dvc) -> tuple[int, psutil.Process]:
    """A stage whose fork waits for a signal: its process, and the fork's."""
    stage = dvc.start("wait")
    while not ((ready := dvc.folder / "ready").exists() and ready.read_text()):
        time.sleep(0.01)
    return stage, psutil.Process(int(ready.read_text()))
