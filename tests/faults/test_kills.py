"""Killed with SIGKILL at random moments and run again, every stage and `dvc repro` end as if nothing had been, nobody
whom they started lives on, and nothing is left half-written."""

import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psutil
import pytest

from foldline.files.leftovers import PARTIAL
from tests.end_to_end.checkout import environment, run

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3000)]
KILLS = 15
FOLD = ("--fold", "0", "--seed", "0")
STAGES: dict[str, tuple[str, ...]] = {
    "download": (),
    "prepare": (),
    "split": (),
    "weights": (),
    "train": FOLD,
    "predict": FOLD,
    "ensemble": (),
    "clip": (),
    "format": (),
}


STAGE = "  s{0}:\n    cmd: cp a{0} a{1}\n    deps: [a{0}]\n    outs: [a{1}]"


def tree(checkout: Path) -> dict[str, bytes]:
    """What stages and users read; neither pixel caches, which are checked when they are read, nor logs and locks."""
    folders = ("input/shapes", "work/shapes", "submissions/shapes")
    files = [path for folder in folders for path in (checkout / folder).rglob("*") if path.is_file()]
    kept = [path for path in files if not {"pixels", "logs", "checkpoints"} & {*path.relative_to(checkout).parts}]
    return {path.relative_to(checkout).as_posix(): _content(path) for path in kept}


def _content(path: Path) -> bytes:
    """A saved run says when it was made, and in what time; its hash is of that, too."""
    if path.name != "run.json":
        return path.read_bytes()
    said = json.loads(path.read_bytes())
    return json.dumps({key: said[key] for key in said.keys() - {"made", "seconds", "hash"}}, sort_keys=True).encode()


def kill(checkout: Path, command: Sequence[str], seconds: float) -> bool:
    """Whether it still ran. Returns when nobody whom it had started is left."""
    with (checkout / "killed.log").open("w") as log:
        started = subprocess.Popen(command, cwd=checkout, env=environment(checkout), stdout=log, stderr=log)
        time.sleep(seconds)
        started.kill()
        code = started.wait()
    while any(_works_in(process, checkout) for process in psutil.process_iter(["cwd", "status"])):
        time.sleep(0.05)
    return code != 0


def _works_in(process: psutil.Process, checkout: Path) -> bool:
    where = process.info["cwd"]
    return process.info["status"] != psutil.STATUS_ZOMBIE and where is not None and Path(where).is_relative_to(checkout)


def half_written(checkout: Path) -> list[Path]:
    return [path for path in checkout.rglob("*") if PARTIAL.fullmatch(path.name)]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage(stage: str, finished_run: Path, checkout: Path, outcome: Callable[..., None]) -> None:
    command, draws = ("python", "-m", f"pipelines.{stage}", *STAGES[stage]), random.Random(stage)
    if stage == "prepare":
        shutil.rmtree(checkout / "work/shapes/pixels")
    begun = time.monotonic()
    assert run(checkout, *command).returncode == 0
    seconds = time.monotonic() - begun
    if stage == "prepare":
        shutil.rmtree(checkout / "work/shapes/pixels")
    killed = sum(kill(checkout, command, draws.uniform(0, seconds)) for _ in range(KILLS))
    again = run(checkout, *command)
    assert again.returncode == 0, again.stdout
    assert tree(checkout) == tree(finished_run)
    assert half_written(checkout) == []
    outcome("SIGKILL of a stage", "healed", killed)


def test_dvc_repro(finished_run: Path, checkout: Path, outcome: Callable[..., None]) -> None:
    for folder in ("input/shapes", "work/shapes", "submissions/shapes", ".dvc/cache", ".dvc/tmp"):
        shutil.rmtree(checkout / folder)
    (checkout / "dvc.lock").unlink()
    draws, killed = random.Random(0), 0
    for _ in range(2 * KILLS):
        killed += kill(checkout, ("dvc", "repro"), draws.uniform(0, 5))
        mended = run(checkout, "python", "-m", "pipelines", "repair")
        assert mended.returncode == 0, mended.stdout
    ended = run(checkout, "dvc", "repro")
    assert ended.returncode == 0, ended.stdout
    assert tree(checkout) == tree(finished_run)
    assert half_written(checkout) == []
    assert (checkout / "dvc.lock").read_bytes() == (finished_run / "dvc.lock").read_bytes()
    outcome("SIGKILL of `dvc repro`", "healed", killed)


def test_dvc_while_it_writes_its_files(tmp_path: Path, outcome: Callable[..., None]) -> None:
    """Many short stages: what is written between them is what a kill meets."""
    stages = [STAGE.format(number, number + 1) for number in range(5)]
    (tmp_path / "dvc.yaml").write_text("\n".join(["stages:", *stages, ""]))
    (tmp_path / "a0").write_text("0")
    for command in (("git", "init", "-q"), ("dvc", "init", "-q")):
        subprocess.run(command, cwd=tmp_path, env=environment(tmp_path), check=True)
    assert run(tmp_path, "dvc", "repro").returncode == 0
    whole, draws, killed = (tmp_path / "dvc.lock").read_bytes(), random.Random(0), 0
    for number in range(2 * KILLS):
        (tmp_path / "a0").write_text(str(number))
        killed += kill(tmp_path, ("dvc", "repro"), draws.uniform(0.5, 4))
        mended = run(tmp_path, "python", "-m", "pipelines", "repair", PYTHONPATH=str(Path.cwd()))
        assert mended.returncode == 0, mended.stdout
    (tmp_path / "a0").write_text("0")
    ended = run(tmp_path, "dvc", "repro")
    assert ended.returncode == 0, ended.stdout
    assert (tmp_path / "a5").read_text() == "0"
    assert (tmp_path / "dvc.lock").read_bytes() == whole
    outcome("SIGKILL of `dvc repro`", "healed", killed)
