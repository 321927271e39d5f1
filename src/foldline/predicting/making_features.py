"""Make the features of a space: the loop of predictions, with a model's stages instead of its logits."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from jaxtyping import Float32, Int64

from foldline.card.views import view_of
from foldline.files.arrays import create_array, open_array, put
from foldline.files.refusal import Refusal, listed, suggestion
from foldline.files.whole_files import write_json
from foldline.predicting.feature_space import AXES, Space
from foldline.predicting.predicted_rows import Aggregate
from foldline.predicting.predicting import Load, row_outputs
from foldline.training.features import StageVectors, stage_features
from foldline.training.models import Classifier
from foldline.training.processes import shared_folder

Shape = tuple[int, int]
Files = dict[str, np.ndarray]
"""float16 (rows, channels) by stage, memory-mapped."""


def make_features(
    space: Space,
    model: Classifier,
    wanted: Sequence[tuple[str, str]],
    stages: Sequence[str],
    load: Load,
    aggregate: Aggregate,
    accelerator: Accelerator,
) -> None:
    """What every process does: make the stages (all where none is named) of the wanted parts and views, one after the
    other. What is finished stays; what the model's earlier keys have left goes.

    Several images of a row count as in predictions: the mean, or the highest. Raises Refusal for an unknown stage, and
    for numbers that float16 does not reach.
    """
    channels = stage_channels(model)
    for stage in stages:
        if stage not in channels:
            near, valid = suggestion(stage, channels), listed(channels, 40)
            raise Refusal(f"{space.name}: the model has no stage `{stage}`.{near} Choose from {valid}.")
    if accelerator.is_main_process:
        _begin(space, channels)
    shapes_of = partial(_shapes, space, stages, channels)
    # What is there, the main process has seen before anything was written.
    (plan,) = broadcast_object_list([[(part, view, shapes_of(part, view)) for part, view in wanted]])
    creating = partial(create_array, dtype=np.float16)
    opening = partial(open_array, axes=AXES, writable=True, dtype=np.float16)
    for part, view, shapes in plan:
        create, read = (partial(_files, opened, shapes) for opened in (creating, opening))
        with shared_folder(space.folder / part / view, create, read, accelerator) as files:
            vectors, what = StageVectors(model, tuple(shapes)), f"features of {part} rows, {view}"
            passes = [(vectors, view_of(view))]
            for rows, outputs in row_outputs(passes, load, space.images[part], accelerator, aggregate, what):
                _write(files, rows, outputs[:, 0], space, part)


@torch.inference_mode()
def stage_channels(model: Classifier) -> dict[str, int]:
    """How many numbers each stage's vector has, seen on a blank image."""
    of = model.eval().architecture
    blank = model.normalised(torch.zeros(1, of.channels, of.height, of.width))
    return {stage: vectors.shape[1] for stage, vectors in stage_features(model.backbone, blank, model.pooling).items()}


def _begin(space: Space, channels: Mapping[str, int]) -> None:
    for other in space.folder.parent.glob("*/space.json"):
        if other.parent != space.folder:
            shutil.rmtree(other.parent)
    if not space.stages:
        write_json(space.folder / "space.json", {"of": space.name, "stages": dict(channels), "key": dict(space.inputs)})


def _shapes(space: Space, stages: Sequence[str], channels: Mapping[str, int], part: str, view: str) -> dict[str, Shape]:
    """Of the stages that the folder will hold: those asked for, and those that are there."""
    return {
        stage: (len(space.ids[part]), number)
        for stage, number in channels.items()
        if not stages or stage in stages or space.has(part, view, [stage])
    }


def _files(opened: Callable[[Path, Shape], np.ndarray], shapes: Mapping[str, Shape], folder: Path) -> Files:
    return {stage: opened(folder / f"{stage}.npy", shape) for stage, shape in shapes.items()}


def _write(
    files: Files,
    rows: Int64[np.ndarray, " some"],
    vectors: Float32[np.ndarray, "some features"],
    space: Space,
    part: str,
) -> None:
    ends = np.cumsum([values.shape[1] for values in files.values()])[:-1]
    for (stage, values), found in zip(files.items(), np.split(vectors, ends, axis=1), strict=True):
        with np.errstate(over="ignore"):
            rounded = found.astype(np.float16)
        lost = np.isinf(rounded).any(axis=1)
        if lost.any():
            row, others = space.ids[part][rows[lost][0]], " ".join(other for other in files if other != stage)
            raise Refusal(
                f"{space.name}: features of stage `{stage}` reach {np.abs(found).max():.6g} (in the {part} row {row}), "
                f"and float16 ends at 65504. Leave the stage out: --stages {others}"
            )
        put(values, rows, rounded)
