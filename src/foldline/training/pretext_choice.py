"""Which epoch and stage of a pretext a fold begins with: the one whose probe is best, on rows outside of the fold."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from jaxtyping import Float32

from foldline.files.truths import write_csv
from foldline.files.whole_files import sha256, write_json
from foldline.pixels.loaders import Pixels, evaluation_loader
from foldline.training.chosen_weights import last_loaded, tensors_up_to
from foldline.training.confusions import draw_confusions, drawable
from foldline.training.features import stage_features
from foldline.training.models import Classifier, load_model
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.pretext_marker import CHOICE, WEIGHTS
from foldline.training.pretext_samples import Probed
from foldline.training.probes import Labelled, linear_probe, neighbours_probe
from foldline.training.weights import write_tensors

PROBE_COLUMNS = ("epoch", "stage", "accuracy", "standard_error", "neighbours_accuracy")
ProbeRow = tuple[int, str, float, float, float]
"""Of probes.csv."""
CONFUSION_COLUMNS = ("epoch", "stage", "class", "predicted", "images")


@dataclass(frozen=True)
class Choosing:
    """For one fold."""

    pretext: LearnedPretext
    pixels: Pixels
    fitted: Probed
    judged: Probed
    classes: tuple[str, ...]
    device: torch.device


def choose(folder: Path, trajectory: Path, choosing: Choosing) -> dict[str, Any]:
    """Probe each model of the folder `trajectory`; write probes.csv, confusions.csv, a picture per epoch, the chosen
    weights and choice.json to `folder`, and return what the last says."""
    probes: list[ProbeRow] = []
    counts: list[pd.DataFrame] = []
    for epoch in choosing.pretext.probed_epochs:
        model = load_model(trajectory / f"epoch{epoch}.safetensors")
        rows, tables = zip(*probe_rows(model, epoch, choosing), strict=True)
        of_epoch = pd.concat(tables, ignore_index=True)
        probes += rows
        if drawable(choosing.classes):
            picture = draw_confusions(of_epoch, choosing.classes, f"epoch {epoch}")
            (folder / f"confusions-epoch{epoch}.png").write_bytes(picture)
        counts.append(of_epoch)
    table = pd.DataFrame(probes, columns=list(PROBE_COLUMNS))
    write_csv(folder / "probes.csv", table)
    write_csv(folder / "confusions.csv", pd.concat(counts, ignore_index=True))
    best = table[table["epoch"] > 0].sort_values("accuracy", ascending=False, kind="stable").iloc[0]
    epoch, stage = int(best["epoch"]), str(best["stage"])
    model = load_model(trajectory / f"epoch{epoch}.safetensors")
    last = last_loaded(model.backbone, choosing.pretext.load_stages, stage)
    said = {"model": model.architecture.model.name, "kind": choosing.pretext.kind, "epoch": epoch, "loaded_up_to": last}
    write_tensors(folder / WEIGHTS, tensors_up_to(model, last), json.dumps(said))
    before = table[table["epoch"] == 0].set_index("stage")["accuracy"]
    found = {**said, "stage": stage, "accuracy": float(best["accuracy"]), "accuracy_before": float(before[stage])}
    write_json(folder / CHOICE, {"weights": sha256(folder / WEIGHTS), **found})
    return found


def probe_rows(model: Classifier, epoch: int, choosing: Choosing) -> Iterator[tuple[ProbeRow, pd.DataFrame]]:
    """Stage by stage the row of probes.csv, and those of confusions.csv."""
    fitted, judged = (stage_vectors(model, choosing, images) for images in (choosing.fitted, choosing.judged))
    for stage in fitted:
        parts = Labelled(fitted[stage], choosing.fitted.labels), Labelled(judged[stage], choosing.judged.labels)
        linear, neighbours = linear_probe(*parts), neighbours_probe(*parts)
        row = (epoch, stage, linear.accuracy, linear.standard_error, neighbours.accuracy)
        counts = linear.confusion(len(choosing.classes))
        true, predicted = np.indices(counts.shape)
        names = np.array(choosing.classes)
        columns = (epoch, stage, names[true.ravel()], names[predicted.ravel()], counts.ravel())
        yield row, pd.DataFrame(dict(zip(CONFUSION_COLUMNS, columns, strict=True)))


@torch.inference_mode()
def stage_vectors(model: Classifier, choosing: Choosing, images: Probed) -> Mapping[str, Float32[np.ndarray, "n _"]]:
    """By stage, of all images; in evaluation mode and float32."""
    model = model.to(choosing.device).eval()
    size = choosing.pretext.micro_batch_size
    found: dict[str, list[np.ndarray]] = {}
    for batch, _ in evaluation_loader(choosing.pixels, images.cache_indices, size, workers=0):
        batch = model.normalised(batch.to(choosing.device))
        for stage, vectors in stage_features(model.backbone, batch, model.pooling).items():
            found.setdefault(stage, []).append(vectors.cpu().numpy())
    return {stage: np.concatenate(parts) for stage, parts in found.items()}


def described(fold: object, found: Mapping[str, Any]) -> str:
    """The choice, for a person."""
    return (
        f"fold {fold}: epoch {found['epoch']}, stage {found['stage']}: its probe is right for {found['accuracy']:.1%} "
        f"({found['accuracy_before']:.1%} before the pretext); trainings begin with the backbone up to "
        f"{found['loaded_up_to']}"
    )
