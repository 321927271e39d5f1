"""Folds on a Ray cluster of two nodes, both on this machine, with GPUs that are pretended and a remote in a folder."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil
import pytest
import yaml

from foldline.files.parent import die_with_parent
from tests.end_to_end.checkout import commit, copy_set_to_shapes, environment, run
from tests.end_to_end.test_chain import status
from tests.end_to_end.test_slots import ON_CPU
from tests.fan_out.test_slots import UUIDS

pytest.importorskip("ray", reason="`make test-ray` installs it")
pytestmark = pytest.mark.slow

FOLDS = range(3)
RAY = Path(sys.executable).with_name("ray")
NODE = ("--num-gpus=1", "--num-cpus=1", "--object-store-memory=80000000", "--disable-usage-stats", "--block")


@dataclass(frozen=True)
class Nodes:
    """A cluster, and where its nodes keep their clones."""

    address: str
    clones: tuple[Path, Path]
    processes: tuple["subprocess.Popen[bytes]", ...]

    def descendants(self) -> list[psutil.Process]:
        return [one for node in self.processes for one in psutil.Process(node.pid).children(recursive=True)]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three folds of three epochs, and a remote; nothing has run."""
    project = copy_set_to_shapes(tmp_path_factory.mktemp("driver"), tmp_path_factory.mktemp("shapes"), workers=0)
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["folds"], params["split"]["count"], params["train"]["epochs"] = [*FOLDS], len(FOLDS), 3
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    (project / ".git/info/exclude").write_text("/.home\n")
    run(project, "dvc", "remote", "add", "--default", "folder", str(tmp_path_factory.mktemp("remote")))
    commit(project, "three folds")
    return project


@pytest.fixture(scope="module")
def nodes(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """Sockets have short paths alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address, folder = f"127.0.0.1:{port}", Path(tempfile.mkdtemp(prefix="ray"))
    clones = tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("second")
    roles = ("--head", f"--port={port}", f"--temp-dir={folder}", "--include-dashboard=false"), (f"--address={address}",)
    started = []
    for role, of_node in zip(roles, clones, strict=True):
        given = environment(of_node, FOLDLINE_CLONES=str(of_node), CUDA_VISIBLE_DEVICES=UUIDS[0])
        end = partial(die_with_parent, os.getpid())
        command = [RAY, "start", *role, *NODE]
        started.append(subprocess.Popen(command, env=given, stdout=subprocess.DEVNULL, preexec_fn=end))
        while len(list(folder.glob("session_latest/sockets/raylet*"))) < len(started):
            assert started[-1].poll() is None
            time.sleep(0.1)
    yield Nodes(address, clones, tuple(started))
    for one in reversed(started):
        one.terminate()
        one.wait()
    shutil.rmtree(folder, ignore_errors=True)


def train(nodes: Nodes, *words: str) -> tuple[str, ...]:
    return sys.executable, "-m", "pipelines", "train", "--ray", nodes.address, *words


def outs(project: Path) -> dict[str, bytes]:
    """Of all trainings and predictions."""
    files = [file for stage in ("train", "predict") for file in (project / "work/shapes" / stage).rglob("*")]
    return {str(file.relative_to(project)): file.read_bytes() for file in files if file.is_file()}


def at_work(nodes: Nodes, stage: str) -> psutil.Process | None:
    """The DVC that runs the stage on a node; its parent is Ray's worker."""
    for one in nodes.descendants():
        with suppress(psutil.NoSuchProcess):
            if stage in one.cmdline():
                return one
    return None


def test_folds_of_two_nodes_are_those_of_one_machine_although_a_worker_is_killed(
    project: Path, nodes: Nodes, tmp_path: Path
) -> None:
    """What the killed worker's training had learned the other node's goes on with, from shared checkpoints."""
    serial = tmp_path / "serial"
    shutil.copytree(project, serial, symlinks=True)
    shared = tmp_path / "checkpoints"
    given = environment(project, FOLDLINE_CHECKPOINTS=str(shared), **ON_CPU)
    training = subprocess.Popen(train(nodes), cwd=project, env=given, stderr=subprocess.PIPE, text=True)
    while not list(shared.glob("shapes/fold0/seed0/*/state.pt")):
        assert training.poll() is None, training.communicate()
        time.sleep(0.01)
    dvc = at_work(nodes, "train@0-0")
    assert dvc is not None
    family, clone, worker = [dvc, *dvc.children(recursive=True)], Path(dvc.cwd()), dvc.parent()
    assert clone.parent in nodes.clones
    assert worker is not None
    worker.kill()
    psutil.wait_procs(family)
    _, said = training.communicate()
    assert training.returncode == 0, said
    assert "fold 0, seed 0: ended by signal 9 in attempt 1 of 3; it is started again." in said
    log = (project / "work/shapes/logs/fold0-seed0.log").read_text()
    (elsewhere,) = {*nodes.clones} - {clone.parent}
    assert f" in {elsewhere}/" in log.splitlines()[0]
    assert "fold 0, seed 0: resuming from checkpoint (epoch " in log
    assert not [one for one in nodes.descendants() if "pipelines" in " ".join(one.cmdline())]

    finished = run(project, "dvc", "repro", "submissions/dvc.yaml", **ON_CPU)
    assert finished.returncode == 0, finished.stdout
    assert "Running stage 'train" not in finished.stdout
    assert status(project) == set()
    ended = run(serial, "dvc", "repro", **ON_CPU)
    assert ended.returncode == 0, ended.stdout
    assert outs(project) == outs(serial)
    assert len(list(shared.rglob("*.pt"))) == 0, "they are removed as soon as a training is done"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_trainings_end_with_the_driver(how: signal.Signals, project: Path, nodes: Nodes) -> None:
    """Of another seed, which nobody trains to its end here."""
    params = yaml.safe_load((project / "params.yaml").read_text())
    params["folds"], params["train"]["seeds"] = [0], [1]
    (project / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False))
    commit(project, "another seed")
    training = subprocess.Popen(train(nodes), cwd=project, env=environment(project, **ON_CPU), stderr=subprocess.PIPE)
    while (dvc := at_work(nodes, "train@0-1")) is None:
        assert training.poll() is None, training.communicate()
        time.sleep(0.01)
    family = [dvc, *dvc.children(recursive=True)]
    training.send_signal(how)
    _, said = training.communicate()
    assert training.returncode == (130 if how == signal.SIGINT else -how), said
    assert not psutil.wait_procs(family, timeout=60)[1]


def test_refuses_more_gpus_than_a_node_has_and_what_no_cluster_answers(project: Path, nodes: Nodes) -> None:
    ended = run(project, *train(nodes, "--gpus-per-fold", "2"))
    assert ended.returncode == 1
    assert "no node has as many GPUs as --gpus-per-fold 2. Ask for fewer" in ended.stdout
    ended = run(project, *train(replace(nodes, address="127.0.0.1:1")))
    assert ended.returncode == 1
    assert "error: --ray 127.0.0.1:1: no Ray cluster answers (" in ended.stdout


def test_a_cluster_that_stops_leaves_no_process(nodes: Nodes) -> None:
    """The last of this file: nothing else can use the cluster after it."""
    family = nodes.descendants()
    assert family
    for one in reversed(nodes.processes):
        one.terminate()
        one.wait()
    assert not psutil.wait_procs(family, timeout=60)[1]
