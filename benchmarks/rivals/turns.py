"""What a contender's process tells the one that compares: what each epoch cost, then what it predicts.

It waits for a line on standard input before each epoch, so that several can be measured in turns. It knows neither
Foldline nor torch, since it also runs in the rivals' environment.
"""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np


def parser(description: str | None) -> argparse.ArgumentParser:
    script = argparse.ArgumentParser(description=description)
    script.add_argument("--epochs", type=int, required=True)
    script.add_argument("--seed", type=int, default=0)
    script.add_argument("--predictions", type=Path, help="an .npz for those of the held-back rows (default: none)")
    return script


class Turns:
    """Processor seconds, of all threads, from an epoch's begin to its end."""

    def __init__(self) -> None:
        self._begun = 0.0

    def begin(self) -> None:
        sys.stdin.readline()
        self._begun = process_time()

    def end(self, images: int) -> None:
        print(json.dumps({"images": images, "seconds": process_time() - self._begun}), flush=True)

    def of(self, images: int, work: Callable[[], object]) -> None:
        self.begin()
        work()
        self.end(images)


def leave(path: Path, **probabilities: np.ndarray) -> None:
    """Each (rows, classes), the rows as their files are named."""
    np.savez(path, allow_pickle=False, **probabilities)
