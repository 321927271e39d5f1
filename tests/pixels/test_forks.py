"""Forks that stand still before their first line, as a lock held elsewhere makes them: here a hook of Python's does."""

import subprocess
import sys
from pathlib import Path

START = """
import os, sys, time
from foldline.pixels import forks
from foldline.files.refusal import Refusal

forks.PATIENCE = (0.5, 1, 600)
stuck = int(sys.argv[1])

def stand_still():
    if forked <= stuck:
        print(os.getpid(), flush=True)
        time.sleep(600)

def count():
    global forked
    forked += 1

forked = 0
os.register_at_fork(before=count, after_in_child=stand_still)
"""
WORKS = (
    START
    + """
context = forks.WakingForks()
queue = context.SimpleQueue()
before = len(os.listdir("/proc/self/fd"))
process = context.Process(target=queue.put, args=("its work",))
process.start()
print(queue.get(), "by fork", forked)
process.join()
process.close()
print(len(os.listdir("/proc/self/fd")) - before, "files left open")
"""
)
LOADS = (
    START
    + """
import numpy as np
from foldline.pixels.loaders import evaluation_loader

pixels = np.arange(6 * 4 * 4 * 3, dtype=np.uint8).reshape(6, 4, 4, 3)
try:
    loaded = np.concatenate([images.numpy() for images, _ in evaluation_loader(pixels, np.arange(6), 2, 2)])
except Refusal as refusal:
    sys.exit(str(refusal))
assert (loaded == pixels.transpose(0, 3, 1, 2)).all()
print("all images by", forked, "forks")
"""
)


def run(script: str, stuck: int) -> tuple[int, list[str], str]:
    done = subprocess.run([sys.executable, "-c", script, str(stuck)], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines(), done.stderr


def gone(fork: str) -> bool:
    return not Path("/proc", fork).exists()


def test_a_fork_that_does_not_wake_is_replaced() -> None:
    code, (first, second, *said), err = run(WORKS, 2)
    assert (code, said) == (0, ["its work by fork 3", "0 files left open"]), err
    assert gone(first) and gone(second)


def test_images_are_all_loaded_by_those_that_take_their_place() -> None:
    code, (*stuck, said), err = run(LOADS, 2)
    assert (code, said) == (0, "all images by 4 forks"), err
    assert all(map(gone, stuck))


def test_none_that_wakes() -> None:
    code, stuck, err = run(LOADS.replace("600)\nstuck", "1)\nstuck"), 99)
    assert code == 1
    assert "3 processes that load images were started in turn, and none began in time" in err
    assert "Traceback" not in err
    assert len(stuck) == 3 and all(map(gone, stuck))
