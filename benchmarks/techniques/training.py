"""One technique on one fold, by the product's own stages, in a folder of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import yaml
from jaxtyping import Float, Int64

from foldline.archive.archives import ArchiveFile, Manifest, write_manifest
from foldline.card.activations import form_of
from foldline.ensembling.log_losses import row_losses
from foldline.ensembling.scales import OfScores
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import sha256, write_text
from foldline.params.section import parse
from foldline.training.history import read_history
from foldline.training.models import Classifier, load_model
from foldline.training.train_section import Train
from pipelines.fold_training import read_fold, train_one
from pipelines.running import Settings

ROOT = Path(__file__).resolve().parents[2]
BATCH_SIZE = 256
PARAMS = Path("params.yaml")


@dataclass(frozen=True)
class Workspace:
    """A folder that looks like a checkout to the stages: params.yaml, a card, the archive, and what they compute."""

    folder: Path
    slug: str

    @property
    def places(self) -> Places:
        return Places(self.slug, self.folder)

    def write_params(self, params: Mapping[str, Any]) -> None:
        _write_yaml(self.folder / PARAMS, params)


def prepare(workspace: Workspace, archive: Path, card: Mapping[str, Any], params: Mapping[str, Any]) -> None:
    """Tables, pixels and folds of the archive, unless they are there. The starting weights are random."""
    places = workspace.places
    if places.folds.exists():
        return
    workspace.write_params(params)
    _write_yaml(workspace.folder / "pipelines/competitions" / f"{workspace.slug}.yaml", card)
    linked = places.archives / archive.name
    linked.parent.mkdir(parents=True, exist_ok=True)
    linked.unlink(missing_ok=True)
    linked.symlink_to(archive.resolve())
    file = ArchiveFile(name=archive.name, bytes=archive.stat().st_size, sha256=sha256(archive))
    write_manifest(places.manifest, Manifest(competition=workspace.slug, files=(file,)))
    for stage in ("weights", "prepare", "split"):
        command = [sys.executable, "-m", f"pipelines.{stage}"]
        subprocess.run(command, cwd=workspace.folder, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=True)


def _write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    write_text(path, yaml.safe_dump(dict(content), sort_keys=False))


@dataclass(frozen=True)
class Measured:
    """What a technique scored on the validation rows of a fold."""

    rows: pd.DataFrame
    """Those of `judged`; empty where the training failed."""
    history: pd.DataFrame
    """As the stage `train` wrote it; empty where the training failed."""
    seconds: float
    failure: str
    """What the stage refused with, or nothing."""


def measure(workspace: Workspace, params: Mapping[str, Any], fold: int) -> Measured:
    """Train one fold, and judge each validation row by its probability: losses of training are of many scales.

    Raises Refusal when the parameters are none; what training refuses is a result.
    """
    # A mistake in the plan is the plan's, no result of a technique.
    train = parse(params["train"], Train, "train")
    workspace.write_params(params)
    (seed,) = train.seeds
    start = time.perf_counter()
    with chdir(workspace.folder):
        try:
            train_one(fold, seed)
        except Refusal as refusal:
            nothing = pd.DataFrame()
            return Measured(nothing, nothing, time.perf_counter() - start, str(refusal))
        seconds = time.perf_counter() - start
        facts = read_fold(Settings(PARAMS, workspace.slug), fold, seed, train)
        images = np.stack([facts.pixels[position] for position in facts.validation.cache_indices])
    trained = workspace.places.trained(fold, seed)
    probabilities = predicted(load_model(trained / "model.safetensors"), images)
    rows = judged(facts.validation.row_ids, probabilities, facts.validation.targets.toarray().argmax(axis=1))
    return Measured(rows, read_history(trained / "history.csv"), seconds, "")


def judged(
    row_ids: Sequence[str], probabilities: Float[np.ndarray, "rows classes"], targets: Int64[np.ndarray, " rows"]
) -> pd.DataFrame:
    """row_id, log_loss and right (0 or 1) of each row."""
    right = (probabilities.argmax(axis=1) == targets).astype(int)
    return pd.DataFrame({"row_id": row_ids, "log_loss": row_losses(probabilities, targets), "right": right})


@torch.inference_mode()
def predicted(model: Classifier, images: np.ndarray) -> Float[np.ndarray, "rows classes"]:
    """Probabilities of images (rows, height, width, channels), as they are."""
    blocks = torch.from_numpy(images).permute(0, 3, 1, 2).split(BATCH_SIZE)
    logits = torch.cat([model(block) for block in blocks]).double().numpy()
    scale = OfScores(form_of(model.architecture.activation))
    return scale.predictions(scale.from_logits(logits, model.architecture.activation))
