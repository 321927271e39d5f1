"""How scripts end: one message and the right exit code, whatever went wrong."""

import argparse
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from foldline.files.refusal import Refusal
from pipelines.running import UNREAD, run, seed_number

STAGE = """
import signal
from pipelines.running import run

def stage():
    print("started", flush=True)
    signal.pause()

run(stage)
"""


def test_a_closed_output_is_no_reason_to_end() -> None:
    script = "from pipelines.running import run; run(lambda: print('said'))"
    ended = subprocess.run(f'exec {sys.executable} -c "{script}" >&-', shell=True, capture_output=True)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_refusal_is_one_message_and_exit_code_1() -> None:
    def stage() -> None:
        raise Refusal("rows.parquet: the column `target` is missing.")

    with pytest.raises(SystemExit) as exit_:
        run(stage)
    # `sys.exit` with a text prints it to stderr and exits with 1.
    assert exit_.value.code == "error: rows.parquet: the column `target` is missing."


def test_a_seed_is_a_whole_number() -> None:
    assert seed_number("12") == 12
    for text in ("-1", "1.0", "x", ""):
        with pytest.raises(argparse.ArgumentTypeError, match=rf"'{text}' is not an integer of 0 or more"):
            seed_number(text)


def test_a_full_disk_is_named() -> None:
    def stage() -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "work/digits/rows.parquet")

    with pytest.raises(SystemExit, match=r"the disk is full \(work/digits/rows.parquet\)"):
        run(stage)


def test_a_full_disk_is_named_behind_the_error_that_it_led_to() -> None:
    def stage() -> None:
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "state.pt")
        except OSError:
            raise RuntimeError("unexpected pos 4377344 vs 4377236")  # noqa: B904 - as torch.save does it

    with pytest.raises(SystemExit, match=r"the disk is full \(state.pt\)"):
        run(stage)


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EIO, r"the disk cannot read or write a.npy \(Input/output error\)\. Look at the system's log"),
        (errno.EROFS, r"a.npy may not be read or written \(Read-only file system\)\. Correct its rights"),
        (errno.EACCES, r"a.npy may not be read or written \(Permission denied\)\. Correct its rights"),
        (errno.EFBIG, r"the disk is full \(a.npy\)"),
    ],
)
def test_what_a_disk_says_is_told_without_a_traceback(number: int, told: str) -> None:
    def stage() -> None:
        raise OSError(number, os.strerror(number), "a.npy")

    with pytest.raises(SystemExit, match=rf"{told}.* No file was left half-written\.$"):
        run(stage)


def test_no_room_for_temporary_files_is_told_without_a_traceback() -> None:
    """torch asks for some where it is imported."""

    def stage() -> None:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    with pytest.raises(SystemExit, match=r"No usable temporary directory found in \['/tmp'\]: the disk is full, or"):
        run(stage)


def test_another_error_of_the_system_keeps_its_traceback() -> None:
    def stage() -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    with pytest.raises(OSError, match="Invalid argument"):
        run(stage)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_stage_never_ends_with_0(stop: signal.Signals) -> None:
    """DVC would record it as done, with whatever lies on the disk."""
    process = subprocess.Popen([sys.executable, "-c", STAGE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "started\n"
    process.send_signal(stop)
    _, errors = process.communicate()
    assert (process.returncode, errors) == (130, "interrupted; run the same command again to resume\n")


def test_a_second_signal_ends_in_no_traceback() -> None:
    """A terminal and a launcher may both send one."""
    again = "import atexit, os, signal\natexit.register(os.kill, os.getpid(), signal.SIGTERM)\n"
    stage = "from pipelines.running import run\ndef stage():\n    raise KeyboardInterrupt\nrun(stage)\n"
    ended = subprocess.run([sys.executable, "-c", again + stage], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (130, "interrupted; run the same command again to resume\n")


LEAKING = """
import os, sys
from foldline.files.refusal import Refusal
from pipelines.running import run

def stage():
    raise {"Refusal": Refusal, "ValueError": ValueError}[sys.argv[1]](f"header Bearer {os.environ['HF_TOKEN']}")

run(stage)
"""


@pytest.mark.parametrize("error", ["Refusal", "ValueError"])
@pytest.mark.parametrize("words", [[], ["--json"]])
def test_no_message_shows_a_token(error: str, words: list[str]) -> None:
    """Of whatever service, wherever the message comes from."""
    ended = subprocess.run(
        [sys.executable, "-c", LEAKING, error, *words],
        env=os.environ | {"HF_TOKEN": "hf_s3cret", "KAGGLE_KEY": "header"}, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "*** Bearer ***" in ended.stderr
    assert "s3cret" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("lines", [1, 100_000])
@pytest.mark.parametrize("answer", [[], ["--json"]])
def test_where_nobody_reads_on_it_ends_without_a_word(lines: int, answer: list[str]) -> None:
    said = f"from pipelines.running import run; run(lambda: print('line\\n' * {lines}) or {{'lines': {lines} * [0]}})"
    reading, writing = os.pipe()
    os.close(reading)  # as `| head` does once it has its lines
    ended = subprocess.run([sys.executable, "-c", said, *answer], stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    # For `--json`, what is said for people goes to standard error, whose reader is there.
    assert (ended.returncode, ended.stderr) == ((0, "line\n" * lines + "\n") if answer else (UNREAD, ""))


@pytest.mark.parametrize("ending", ["return {'rows': 3}", "raise Refusal('No.')"])
@pytest.mark.parametrize("answer", [[], ["--json"]])
def test_a_full_output_is_an_error_and_no_traceback(ending: str, answer: list[str]) -> None:
    program = f"from pipelines.running import *\ndef script():\n    print('said')\n    {ending}\nrun(script)"
    buffered = {**os.environ, "PYTHONUNBUFFERED": ""}
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", program, *answer], env=buffered, stdout=full, stderr=subprocess.PIPE, text=True
        )
    told = "error: No." if "Refusal" in ending else "error: the disk is full (standard output). "
    assert ended.returncode == 1
    assert ended.stderr.removeprefix("said\n").startswith(told) and ended.stderr.count("\n") == 1 + len(answer)


def test_letters_that_the_output_lacks_are_spelt_out() -> None:
    program = "from pipelines.running import run; run(lambda: print('0.5 \\xb1 0.1, \\udcff'))"
    ended = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONIOENCODING": "ascii"}, capture_output=True
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"0.5 \\xb1 0.1, \\udcff\n", b"")


@pytest.mark.parametrize(("given", "policy"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "ACTIVE")])
def test_torchs_threads_sleep_while_they_wait_unless_the_person_says_otherwise(
    given: dict[str, str], policy: str
) -> None:
    asked = {**os.environ, **given, "OMP_DISPLAY_ENV": "true"}
    done = subprocess.run([sys.executable, "-c", "import pipelines, torch"], env=asked, capture_output=True, text=True)
    assert f"OMP_WAIT_POLICY = '{policy}'" in done.stderr, "as torch's OpenMP has read it"
