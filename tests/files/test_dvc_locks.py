"""What a killed DVC leaves no longer stops the next one; what a living one holds is left alone."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from foldline.files.dvc_locks import mend_dvc
from foldline.files.refusal import Refusal
from tests.end_to_end.checkout import ROOT

CHAIN = "stages:\n  copy:\n    cmd: cp a b\n    deps: [a]\n    outs: [b]\n"
DVC = (sys.executable, "-m", "dvc", "repro", "-q")


@pytest.fixture(scope="module")
def committed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "a").write_text("1")
    (folder / "dvc.yaml").write_text(CHAIN)
    # As in our projects: else DVC leaves a process behind, which reports usage or looks for a newer version.
    silent = os.environ | {"CI": "1", "DVC_NO_ANALYTICS": "1"}
    for command in (
        ("git", "init", "-q"),
        (sys.executable, "-m", "dvc", "init", "-q"),
        ("cp", str(ROOT / ".dvc/config"), ".dvc/config"),
        DVC,
        ("git", "add", "-A"),
        ("git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "start"),
    ):
        subprocess.run(command, cwd=folder, check=True, env=silent)
    return folder


@pytest.fixture
def project(committed: Path) -> Iterator[Path]:
    recorded = (committed / "dvc.lock").read_bytes()
    yield committed
    (committed / ".dvc/tmp/rwlock").unlink(missing_ok=True)
    (committed / "dvc.lock").write_bytes(recorded)


def test_an_empty_record_of_locks(project: Path, outcome: Callable[[str, str], None]) -> None:
    (project / ".dvc/tmp/rwlock").write_text("")
    assert subprocess.run(DVC, cwd=project, capture_output=True).returncode != 0
    assert mend_dvc(project) == [project / ".dvc/tmp/rwlock"]
    assert subprocess.run(DVC, cwd=project, capture_output=True).returncode == 0
    outcome("DVC killed while it writes its locks", "healed")


@pytest.mark.parametrize("kept", ["0", "half"])
@pytest.mark.parametrize("is_committed", [True, pytest.param(False, marks=pytest.mark.faults)])
def test_a_record_of_stages_that_is_cut(
    project: Path, kept: str, is_committed: bool, outcome: Callable[[str, str], None], tmp_path: Path
) -> None:
    record = project / "dvc.lock"
    whole = record.read_bytes()
    record.write_bytes(whole[: len(whole) // 2 if kept == "half" else 0])
    if not is_committed:
        (project / ".git").rename(tmp_path / "git")
    assert mend_dvc(project) == [record]
    assert record.exists() == is_committed
    if not is_committed:
        (tmp_path / "git").rename(project / ".git")
    assert subprocess.run(DVC, cwd=project, capture_output=True).returncode == 0
    assert record.read_bytes() == whole
    outcome("DVC killed while it writes its locks", "healed")


def test_nothing_is_touched_while_dvc_holds_its_lock(project: Path) -> None:
    (project / "dvc.lock").write_text("")
    with (project / ".dvc/tmp/lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert mend_dvc(project) == []
        assert (project / "dvc.lock").read_text() == ""


def entries(*pids: int) -> dict[str, object]:
    return {"write": {f"out{pid}": {"pid": pid, "cmd": "dvc repro"} for pid in pids}}


def test_entries_of_the_dead_and_of_zombies_go(project: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as zombie:
        assert zombie.stdout is not None
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        lock = project / ".dvc/tmp/rwlock"
        lock.write_text(json.dumps(entries(zombie.pid, os.getpid(), 2**22 - 1)))
        assert mend_dvc(project) == [lock]
        assert json.loads(lock.read_text()) == entries(os.getpid())
        assert mend_dvc(project) == []


def test_an_entry_older_than_the_process_of_its_number_goes(project: Path) -> None:
    """After a restart the number is another program's."""
    lock = project / ".dvc/tmp/rwlock"
    lock.write_text(json.dumps(entries(os.getpid())))
    os.utime(lock, (1, 1))
    assert mend_dvc(project) == [lock]
    assert json.loads(lock.read_text()) == {}


def test_beside_a_living_dvc_it_is_refused(project: Path) -> None:
    living = subprocess.Popen(
        [sys.executable, "-c", "print(1, flush=True); import time; time.sleep(600)", "dvc"],
        cwd=project,
        stdout=subprocess.PIPE,
    )
    try:
        assert living.stdout is not None and living.stdout.readline()
        (project / ".dvc/tmp/rwlock").write_text("")
        with pytest.raises(Refusal, match=rf"others work here: {living.pid}\. Wait until they end"):
            mend_dvc(project)
    finally:
        living.kill()
        living.wait()
