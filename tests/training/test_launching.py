"""One process without a launcher, several with one; a failure ends them all and is told once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from torch.distributed import init_process_group, is_initialized
from torch.distributed.elastic.multiprocessing.errors import ProcessFailure

from foldline.files.refusal import Refusal
from foldline.training.launching import first_cause, launch, process_count

JOB = """
import os, signal, sys, time
from pathlib import Path
from foldline.training.launching import launch
from foldline.files.refusal import Refusal
from pipelines.running import run

def stage():
    rank = int(os.environ["RANK"])
    # At one go: print writes the line's end by itself, and another process may come between.
    os.write(1, f"process {rank} of {os.environ['WORLD_SIZE']} does {sys.argv[1]}\\n".encode())
    if sys.argv[1] == "refuse":
        raise Refusal("there is no such fold")
    if rank == 1 and sys.argv[1] == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if rank == 1 and sys.argv[1] == "raise":
        raise ValueError("its own words")
    if sys.argv[1].endswith("-alone"):
        from foldline.training.processes import over_processes, start_accelerator
        import torch
        accelerator = start_accelerator("float32")
        if rank == 1 and sys.argv[1] == "refuse-alone":
            raise Refusal("a loss that is not a number")
        if rank == 1 and sys.argv[1] == "die-alone":
            os.kill(os.getpid(), signal.SIGKILL)
        if rank == 1 and sys.argv[1] == "raise-alone":
            raise ValueError("its own words")
        over_processes(torch.zeros(1), "sum", accelerator)
    if sys.argv[1] == "train":
        from foldline.training.checkpoints import Checkpoints
        from foldline.training.processes import start_accelerator
        accelerator, checkpoints = start_accelerator("float32"), Checkpoints(Path("fold0/seed0"), {})
        with checkpoints.alone(rank == 0):
            if rank == 0:
                checkpoints.save({"progress": {"history": [{}] * 5}})
            accelerator.wait_for_everyone()
            os.write(1, b"5 epochs are done\\n")
            signal.pause()
    if sys.argv[1] != "end":
        signal.pause()

def jobs():
    *before, last = sys.argv[1:]
    for what in before:
        try:
            launch("job", [what], stage)
        except Refusal as refusal:
            os.write(2, f"error: {refusal}\\n".encode())
    launch("job", [last], stage)

run(jobs)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("job")
    (folder / "job.py").write_text(JOB)
    return folder


def start(folder: Path, *what: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "job", *what],
        cwd=folder,
        env=os.environ | {"FOLDLINE_PROCESSES": "2", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_one_process_is_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FOLDLINE_PROCESSES", raising=False)
    called = []
    launch("no.such.module", [], lambda: called.append(os.getpid()))
    assert called == [os.getpid()]


def test_count_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDLINE_PROCESSES", "3")
    assert process_count() == 3


@pytest.mark.parametrize("wish", ["0", "two", "-1", ""])
def test_refuses_what_is_no_count(wish: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOLDLINE_PROCESSES", wish)
    with pytest.raises(Refusal, match=f"FOLDLINE_PROCESSES is '{wish}'"):
        process_count()


def test_every_process_works(folder: Path) -> None:
    job = start(folder, "end")
    out, err = job.communicate()
    assert job.returncode == 0, err
    assert sorted(out.splitlines()) == ["process 0 of 2 does end", "process 1 of 2 does end"]
    assert err == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("refuse-alone", "error: a loss that is not a number"),
        ("die-alone", "error: process 1 ended by SIGKILL and the others were stopped. What it said is above."),
        ("raise-alone", "error: process 1 ended with exit code 1 and the others were stopped. What it said is above."),
    ],
)
def test_the_one_that_fails_is_told_not_those_that_waited_for_it(what: str, told: str, folder: Path) -> None:
    """The others' sums break at once, which must not be taken for the cause."""
    job = start(folder, what)
    _, err = job.communicate()
    assert job.returncode == 1
    assert err.splitlines()[-1] == told


def test_of_failures_found_at_one_look_the_cause_is_told(tmp_path: Path) -> None:
    words = tmp_path / "words.json"
    words.write_text('{"message": "a loss that is not a number", "timestamp": 9}')
    broken, killed, refused = (
        ProcessFailure(local_rank=rank, pid=rank, exitcode=code, error_file=str(file))
        for rank, code, file in ((0, 1, "none"), (1, -9, "none"), (2, 1, words))
    )
    assert first_cause({0: broken, 1: killed, 2: refused}) == (2, refused)
    assert first_cause({0: broken, 1: killed}) == (1, killed)


def test_a_failure_ends_the_others_and_is_told_once(folder: Path) -> None:
    job = start(folder, "die", "raise", "refuse")
    _, err = job.communicate()
    assert job.returncode == 1
    assert [line for line in err.splitlines() if line.startswith("error: ")] == [
        "error: process 1 ended by SIGKILL and the others were stopped. What it said is above.",
        "error: process 1 ended with exit code 1 and the others were stopped. What it said is above.",
        "error: there is no such fold",
    ]
    assert err.count("its own words") == 2  # the line of code, and the error


@pytest.mark.parametrize(
    ("what", "up", "following", "request_"),
    [
        ("sleep", "of 2 does sleep", "", signal.SIGINT),
        pytest.param("train", "5 epochs are done", " after epoch 5", signal.SIGINT, marks=pytest.mark.slow),
        pytest.param("train", "5 epochs are done", " after epoch 5", signal.SIGTERM, marks=pytest.mark.slow),
    ],
)
def test_interrupted_it_stops_them_all(
    what: str, up: str, following: str, request_: signal.Signals, folder: Path
) -> None:
    job = start(folder, what)
    assert job.stdout is not None
    for _ in range(2):  # both are up
        while up not in (line := job.stdout.readline()):
            assert line, job.communicate()
    job.send_signal(request_)
    _, err = job.communicate()  # ends only when no process holds the pipes any more
    assert job.returncode == 130
    # Process 1 may have been at its very first line, where it still says so for itself.
    assert set(err.splitlines()) == {f"interrupted; run the same command again to resume{following}"}


def test_a_launched_process_has_left_its_group_when_its_work_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """gloo's threads, still running at the interpreter's end, may abort the process."""
    monkeypatch.setenv("TORCHELASTIC_ERROR_FILE", str(tmp_path / "error"))
    handler = signal.getsignal(signal.SIGTERM)
    met = []

    def stage() -> None:
        init_process_group("gloo", init_method=f"file://{tmp_path / 'meeting'}", rank=0, world_size=1)
        met.append(is_initialized())

    try:
        launch("job", [], stage)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert met == [True] and not is_initialized()
