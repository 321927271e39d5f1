"""Where a file cannot become as long as it should (RLIMIT_FSIZE, as on a full disk), a stage says so in one line and
leaves what was there before."""

import random
import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.checkout import environment
from tests.faults.test_kills import STAGES, half_written, tree

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3000)]
LIMITS = 6


# torch needs a file of its own where it is imported, and Kaggle's client tries again for a minute.
@pytest.mark.parametrize("stage", [stage for stage in STAGES if stage not in ("train", "predict", "download")])
def test_a_stage(stage: str, finished_run: Path, checkout: Path, outcome: Callable[..., None]) -> None:
    before, draws = tree(finished_run), random.Random(stage)
    largest = max(len(content) for content in before.values())
    for limit in [0, 1000, *(int(largest ** draws.random()) for _ in range(LIMITS - 2))]:
        ended = subprocess.run(
            ("python", "-m", f"pipelines.{stage}", *STAGES[stage]),
            cwd=checkout,
            env=environment(checkout, PYTHONDONTWRITEBYTECODE="1"),  # half of a module would stay for ever
            capture_output=True,
            text=True,
            preexec_fn=lambda most=limit: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )
        assert tree(checkout) == before, limit
        assert half_written(checkout) == []
        if ended.returncode:
            assert "error: the disk is full" in ended.stderr and "Traceback" not in ended.stderr, ended.stderr
        outcome("a full disk", "refused" if ended.returncode else "survived")
