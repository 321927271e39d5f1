"""What a busy machine costs a training: its processor time beside processes that never pause, and without them.

python -m benchmarks.busy
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

from benchmarks.figures import Figure

OTHERS, PAIRS = 2, 3
STEPS = """
import resource
import pipelines
import timm, torch
model = timm.create_model("resnet18", num_classes=10)
images, labels = torch.randn(32, 3, 64, 64), torch.randint(10, (32,))
def learn(steps):
    for _ in range(steps):
        model.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
learn(3)
before = resource.getrusage(resource.RUSAGE_SELF)
learn(20)
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""


def measure() -> list[Figure]:
    ratios = []
    for _ in range(PAIRS):
        alone = steps()
        with busy():
            ratios.append(steps() / alone)
    how = (
        f"20 steps of resnet18, 64 pixels, batches of 32, {os.cpu_count()} threads; median of {PAIRS} interleaved pairs"
    )
    claim = f"a training beside {OTHERS} busy processes / alone, processor time"
    return [Figure(claim, median(ratios), 1.5, False, "", how)]


def steps() -> float:
    """Processor seconds of them."""
    done = subprocess.run([sys.executable, "-c", STEPS], check=True, capture_output=True, text=True)
    return float(done.stdout)


@contextmanager
def busy() -> Iterator[None]:
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(OTHERS)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
