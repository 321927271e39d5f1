"""Five folds in two slots, one killed: the others finish, and a rerun trains that one alone, to the serial bytes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
import yaml

from tests.end_to_end.checkout import commit, copy_set_to_shapes, environment, run
from tests.end_to_end.test_chain import status
from tests.fan_out.test_slots import UUIDS, pretend

FOLDS = range(5)
KILLED = 2
ON_CPU = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
"""Of every training; a sum depends on how many threads share it."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five folds of three epochs; all that training reads is there."""
    project = copy_set_to_shapes(tmp_path_factory.mktemp("ready"), tmp_path_factory.mktemp("shapes"), workers=0)
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["folds"], params["split"]["count"], params["train"]["epochs"] = [*FOLDS], len(FOLDS), 3
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(project, "five folds")
    ended = run(project, "dvc", "repro", "split", "dry_run", "pretext_choice", **ON_CPU)
    assert ended.returncode == 0, ended.stdout
    return project


def copied(project: Path, target: Path) -> Path:
    shutil.copytree(project, target, symlinks=True)
    return target


def models(project: Path) -> list[bytes]:
    return [(project / f"work/shapes/train/fold{fold}/seed0/model.safetensors").read_bytes() for fold in FOLDS]


def test_of_five_folds_in_two_slots_one_is_killed_in_the_middle(ready: Path, tmp_path: Path) -> None:
    project = copied(ready, tmp_path / "slots")
    command = (sys.executable, "-m", "pipelines", "train", "--slots", "2")
    training = subprocess.Popen(
        command, cwd=project, env=environment(project, **ON_CPU), stderr=subprocess.PIPE, text=True
    )
    checkpoints = project / f"work/shapes/checkpoints/fold{KILLED}"
    while not list(checkpoints.glob("seed0/*/state.pt")):
        assert training.poll() is None, training.communicate()
        time.sleep(0.01)
    os.kill(int((checkpoints / "seed0.pid").read_text()), signal.SIGKILL)
    _, said = training.communicate()
    assert training.returncode == 1
    assert f"1 training of 5 failed: fold {KILLED}, seed 0. The others are done." in said
    assert {f"train@{KILLED}-0", f"predict@{KILLED}-0"} == {
        name for name in status(project) if name.startswith(("train", "predict"))
    }

    again = run(project, *command, **ON_CPU)
    assert again.returncode == 0, again.stdout
    assert "1 training done, all folds are up to date" in again.stdout
    log = (project / f"work/shapes/logs/fold{KILLED}-seed0.log").read_text()
    assert f"fold {KILLED}, seed 0: resuming from checkpoint (epoch " in log
    finished = run(project, "dvc", "repro", "submissions/dvc.yaml", **ON_CPU)
    assert finished.returncode == 0, finished.stdout
    assert "Running stage 'train" not in finished.stdout
    assert status(project) == set()

    serial = copied(ready, tmp_path / "serial")
    ended = run(serial, "dvc", "repro", **ON_CPU)
    assert ended.returncode == 0, ended.stdout
    assert models(project) == models(serial)
    csv = "submissions/shapes/submission.csv"
    assert (project / csv).read_bytes() == (serial / csv).read_bytes()


def test_each_training_sees_its_slots_gpu_alone(ready: Path, tmp_path: Path) -> None:
    """On a machine that says it has two, a slot for each by default. torch sees none of them, and takes the CPU."""
    project = copied(ready, tmp_path / "gpus")
    pretend(project, [f"GPU {number}: pretended (UUID: {uuid})" for number, uuid in enumerate(UUIDS[:2])])
    given = environment(project, CUDA_VISIBLE_DEVICES=",".join(UUIDS[:2]))
    given["PATH"] = f"{project}{os.pathsep}{given['PATH']}"
    training = subprocess.Popen([sys.executable, "-m", "pipelines", "train"], cwd=project, env=given)
    seen: dict[str, str] = {}
    while len(seen) < 2:
        assert training.poll() is None
        for child in psutil.Process(training.pid).children():
            with suppress(psutil.NoSuchProcess):
                stages = [word for word in child.cmdline() if word.startswith("train@")]
                seen |= {stage: child.environ()["CUDA_VISIBLE_DEVICES"] for stage in stages}
        time.sleep(0.01)
    training.send_signal(signal.SIGINT)
    assert training.wait() == 130
    assert seen == {"train@0-0": UUIDS[0], "train@1-0": UUIDS[1]}
