"""What a node does with an item, without a cluster: its clone, once ready for all items; reports, refusals."""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from foldline.fan_out.ray_node import FOLDER, Project, Report, work
from tests.fan_out.test_queue import lives

BEFORE = ("sh", "-c", "echo ready; echo once >> before; cat dvc.lock")


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    """A repository with one commit."""
    folder = tmp_path / "driver"
    folder.mkdir()
    git(folder, "init", "-q")
    commit(folder, "first")
    return folder


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where its clones lie."""
    monkeypatch.setenv(FOLDER, str(tmp_path / "clones"))
    return tmp_path / "clones"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    return subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, content: str) -> None:
    (folder / "code").write_text(content)
    git(folder, "add", "code")
    git(folder, "commit", "-q", "-m", content)


def project(driver: Path, lock: bytes = b"locked\n") -> Project:
    git(driver, "bundle", "create", "-q", ".git/bundle", "HEAD")
    bundle = (driver / ".git/bundle").read_bytes()
    return Project("p", git(driver, "rev-parse", "HEAD"), bundle, {"dvc.lock": lock}, [BEFORE], {"GIVEN": "by driver"})


def ended(of: Project, *scripts: str, learning: int = 1) -> tuple[str, list[str], int | None]:
    """What it logged, its progress, how it ended."""
    commands: Sequence[Sequence[str]] = [("sh", "-c", script) for script in scripts]
    reports = list(work(of, commands, learning))
    assert [one.code for one in reports[:-1]] == [None] * (len(reports) - 1)
    assert Report() not in reports
    log = b"".join(one.log for one in reports).decode()
    return log, [one.progress for one in reports if one.progress is not None], reports[-1].code


def test_items_run_in_a_clone_that_is_made_ready_once(driver: Path, node: Path) -> None:
    of = project(driver)
    log, progress, code = ended(of, 'cat code; echo " $GIVEN"; echo 3 > "$FOLDLINE_PROGRESS"', "pwd")
    first, *lines = log.splitlines()
    assert first == f"{of.commit[:12]} in {node / 'p'} on {os.uname().nodename}"
    assert lines == ["ready", "locked", "first by driver", str(node / "p")]
    assert (progress, code) == (["3\n"], 0)
    assert ended(of, "true")[0].splitlines() == [first]
    assert (node / "p/before").read_text() == "once\n"


@pytest.mark.parametrize("what", ["commit", "lock"])
def test_another_commit_or_lock_makes_it_ready_again(what: str, driver: Path, node: Path) -> None:
    ended(project(driver), "true")
    (node / "p/code").write_text("changed by hand")
    if what == "commit":
        commit(driver, "second")
    log, _, code = ended(project(driver, b"locked\n" if what == "commit" else b"other\n"), "cat code")
    assert log.splitlines()[1:] == ["ready", *(("locked", "second") if what == "commit" else ("other", "first"))]
    assert code == 0


def test_the_first_command_that_fails_is_the_last(driver: Path, node: Path) -> None:
    log, _, code = ended(project(driver), "echo a; exit 3", "echo b")
    assert (log.splitlines()[-1], code) == ("a", 3)


def test_where_it_cannot_be_made_ready_nothing_runs_and_the_next_tries_again(driver: Path, node: Path) -> None:
    of = replace(project(driver), before=[("sh", "-c", "echo tried; exit 4")])
    for _ in range(2):
        log, _, code = ended(of, "echo ran")
        assert (log.splitlines()[1:], code) == (["tried"], 4)


def test_the_cores_are_shared_unless_the_driver_says_how(
    driver: Path, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    of = project(driver)
    assert ended(of, 'echo "$OMP_NUM_THREADS"', learning=4)[0].endswith("\n4\n")
    given = replace(of, environment={"OMP_NUM_THREADS": "7"})
    assert ended(given, 'echo "$OMP_NUM_THREADS"', learning=4)[0].endswith("\n7\n")


def test_commands_find_the_nodes_own_python(driver: Path, node: Path) -> None:
    log, _, _ = ended(project(driver), "command -v python")
    assert Path(log.splitlines()[-1]).parent == Path(sys.executable).parent


def test_refuses_another_version(driver: Path, node: Path) -> None:
    log, _, code = ended(replace(project(driver), version="0.0"), "echo ran")
    assert code == 1
    assert log.startswith("error: foldline is ")
    assert log.endswith("on this node and 0.0 where it was started. Install the same on both.\n")


KILLED = """
import sys
from foldline.fan_out.ray_node import work
from tests.fan_out.test_ray_node import project
from pathlib import Path
for report in work(project(Path(sys.argv[1])), [("sh", "-c", "echo $$ > started; exec sleep 3600")], 1):
    pass
"""


def test_commands_end_with_the_worker(driver: Path, node: Path) -> None:
    started = node / "p/started"
    worker = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(driver)], env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    while not (started.exists() and started.read_text()):
        assert worker.poll() is None
        time.sleep(0.01)
    worker.kill()
    worker.wait()
    while lives(int(started.read_text())):
        time.sleep(0.01)
