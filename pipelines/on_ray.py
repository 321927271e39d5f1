"""`foldline train --ray`: what a cluster's nodes get of this project, and how their results come home.

Both go through DVC's remote: a node fetches what trainings read, and returns what it made with DVC's record of the run,
by which `dvc repro` here knows that nothing is left to train.
"""

import hashlib
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from foldline.experiment.chain import LOCK, read_chain
from foldline.fan_out.queue import Environment, Item
from foldline.fan_out.ray_cluster import Cluster, Task, join
from foldline.fan_out.ray_node import Project, Words
from foldline.fan_out.slots import PROCESSES, THREADS
from foldline.files.places import OWN
from foldline.files.refusal import Refusal, listed
from pipelines.dvc_command import run_dvc
from pipelines.running import Settings

PYTHON = ("python", "-m")
DVC = (*PYTHON, "dvc", "--wait-for-lock")
WRITTEN = (str(LOCK), "submissions/")
"""What runs and uploads write into the tree. Nodes get the lock as it is."""
PASSED_ON = (THREADS, PROCESSES, "FOLDLINE_CHECKPOINTS")
ATTEMPTS = 3
"""Of a training whose worker is lost."""


@dataclass(frozen=True)
class OnRay:
    """Trainings run on the nodes of a cluster."""

    cluster: Cluster
    settings: Settings
    attempts: int = ATTEMPTS

    @property
    def slots(self) -> Sequence[Environment]:
        return self.cluster.slots

    def start(self, item: Item, slot: Environment) -> Task:
        return self.cluster.start(item, commands(item))

    def share(self, stage: str) -> None:
        """Bring what the stage reads to where nodes fetch it."""
        before = ["code", *(one.name for one in read_chain(self.settings.slug).before(stage))]
        if run_dvc("push", *before).returncode:
            raise Refusal("`dvc push` failed, so nodes cannot fetch what they read. What it said is above.")
        self.cluster.give(project_of(before))

    def collect(self, stages: Sequence[str]) -> None:
        """Nodes have run these: DVC finds that, and fetches what they made."""
        if stages and run_dvc("repro", "--pull", "-s", *stages).returncode:
            raise Refusal("`dvc repro --pull` failed, so results are on the remote alone. What it said is above.")


def on_ray(address: str, gpus_per_fold: int, settings: Settings) -> OnRay:
    """Raises Refusal where there is no cluster, or where its nodes could not know what is to be trained."""
    status = git("status", "--porcelain", "--no-renames", "-z", "--untracked-files=all").decode()
    changed = [line[3:] for line in status.split("\0") if line and not line[3:].startswith(WRITTEN)]
    if changed:
        raise Refusal(f"--ray: nodes work on the last commit, without what is new in {listed(changed)}. Commit that.")
    if run_dvc("config", "--quiet", "--project", "core.remote", stdout=subprocess.DEVNULL).returncode:
        raise Refusal(
            "--ray: .dvc/config names no DVC remote, through which nodes fetch what they read and return what they "
            "train. Name one that all of them reach (`dvc remote add --default NAME URL`), and commit that."
        )
    return OnRay(join(address, gpus_per_fold), settings)


def commands(item: Item) -> Sequence[Words]:
    """On a node. What was trained elsewhere already is fetched."""
    stages = item.command[item.command.index("-s") + 1 :]
    return [(*DVC, "repro", "--pull", "-s", *stages), (*DVC, "push", "--run-cache", *stages)]


def project_of(before: Sequence[str]) -> Project:
    """As it is committed here, with DVC's lock and a person's own code, which git does not have."""
    root = Path.cwd()
    with TemporaryDirectory(prefix="foldline-") as folder:
        bundle = Path(folder) / "commit.bundle"
        git("bundle", "create", "--quiet", str(bundle), "HEAD")
        return Project(
            name=f"{root.name}-{hashlib.sha256(f'{os.uname().nodename} {root}'.encode()).hexdigest()[:8]}",
            commit=git("rev-parse", "HEAD").decode().strip(),
            bundle=bundle.read_bytes(),
            files={str(file): file.read_bytes() for file in (LOCK, *OWN.rglob("*")) if file.is_file()},
            before=[(*DVC, "pull", *before), (*PYTHON, "pipelines.pixel_cache")],
            environment={name: os.environ[name] for name in PASSED_ON if name in os.environ},
        )


def git(*words: str) -> bytes:
    ended = subprocess.run(["git", *words], capture_output=True)
    if ended.returncode:
        raise Refusal(f"--ray: `git {words[0]}` failed: {ended.stderr.decode(errors='replace').strip()}")
    return ended.stdout
