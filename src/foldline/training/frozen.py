"""What a backbone that no epoch trains makes of images: computed once, and kept for all folds and stages.

A training of no epochs fits a head alone (head_initialisation.py), so that all folds have one backbone, which need see
each image only once per view. Such a model is frozen: it is fitted, judged and predicted with from these features,
whether they were there or are made for it, and its numbers do not depend on what is kept.
"""

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from jaxtyping import Float, Float32
from torch import Tensor, nn
from xxhash import xxh3_128

from foldline.card.views import view_of
from foldline.files.arrays import create_array, open_array, put
from foldline.files.hashes import is_intact
from foldline.files.progress import progress
from foldline.files.whole_files import locked, sha256_of_json
from foldline.pixels.loaders import Pixels, evaluation_loader
from foldline.training.models import Classifier
from foldline.training.processes import shared_folder, turn_channels_last

FILE = "features.npy"
BATCH_SIZE = 64
IN_WORDS = "images of the pixel cache, channels of the head's input"


class StoredFeatures:
    """In the pixel cache's place: an image is (channels, views, 1) of float32."""

    dtype = np.dtype(np.float32)

    def __init__(self, of_views: Sequence[Float32[np.ndarray, "images channels"]]) -> None:
        self.of_views = of_views
        self.shape = (*of_views[0].shape, len(of_views), 1)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | np.integer) -> Float32[np.ndarray, "channels views 1"]:
        return np.stack([values[index] for values in self.of_views], axis=1)[:, :, None]


class OfOneView(nn.Module):
    """A backbone that is given features, and picks those of a view."""

    def __init__(self, view: int) -> None:
        super().__init__()
        self.view = view
        self.pretrained_cfg = {"mean": (0.0,), "std": (1 / 255,)}  # The classifier leaves them as they are.

    def forward(self, images: Float[Tensor, "batch 1 channels views"]) -> Float[Tensor, "batch channels"]:
        return images[:, 0, :, self.view]


def head_of(model: Classifier, view: int = 0) -> Classifier:
    """The model, of `StoredFeatures` instead of images; both share the head's weights."""
    architecture = model.architecture.model_copy(update={"channels": 1})
    head = Classifier(architecture, OfOneView(view), nn.Identity(), model.head)
    if model.gives_values:
        head.target_mean, head.target_std = model.target_mean, model.target_std
    return head.to(model.mean.device).eval()


def frozen_features(
    model: Classifier, pixels: Pixels, folder: Path, views: Sequence[str], workers: int, accelerator: Accelerator
) -> StoredFeatures:
    """What the model's backbone makes of all images of the cache under these views; every process calls it.

    `folder`: of what was made of these pixels by this code. What is missing is made, by one process of the machine at a
    time. Images are seen in batches that do not depend on which of them are asked for, so that each one's numbers do
    not, either.
    """
    mine, see = folder / key_of(model, accelerator), features_of(model, accelerator)
    shape = (len(pixels), see(torch.zeros(1, *(pixels.shape[at] for at in (3, 1, 2)))).shape[1])
    with locked(mine.with_name(f"{mine.name}.lock")) if accelerator.is_main_process else nullcontext():
        # One answer for all processes: those of the main one's.
        (missing,) = broadcast_object_list([[view for view in views if not is_there(mine / view)]])
        for view in missing:
            make(see, pixels, mine / view, view, workers, shape, accelerator)
    accelerator.wait_for_everyone()  # Until the main process has put the last folder in place.
    return StoredFeatures([open_array(mine / view / FILE, shape, IN_WORDS) for view in views])


def is_there(folder: Path) -> bool:
    return (folder / FILE).is_file() and is_intact(folder / FILE)


See = Callable[[Tensor], Float32[Tensor, "batch channels"]]


def features_of(model: Classifier, accelerator: Accelerator) -> See:
    """What the head is given of images."""
    turn_channels_last(model.to(accelerator.device).eval())

    def see(images: Tensor) -> Float32[Tensor, "batch channels"]:
        with torch.inference_mode(), accelerator.autocast():
            return model.head_input(images.to(accelerator.device)).float().cpu()

    return see


def make(
    see: See, pixels: Pixels, folder: Path, view: str, workers: int, shape: tuple[int, int], accelerator: Accelerator
) -> None:
    batches = np.arange(len(pixels)) // BATCH_SIZE
    # This process's batches, one after the other, are those of the loader: all are full but the very last.
    mine = np.flatnonzero(batches % accelerator.num_processes == accelerator.process_index)

    def create(unfinished: Path) -> np.ndarray:
        return create_array(unfinished / FILE, shape)

    def read(unfinished: Path) -> np.ndarray:
        return open_array(unfinished / FILE, shape, IN_WORDS, writable=True)

    with shared_folder(folder, create, read, accelerator) as values:
        for images, index in progress(evaluation_loader(pixels, mine, BATCH_SIZE, workers), desc=f"features, {view}"):
            put(values, mine[index.numpy()], see(view_of(view)(images.to(accelerator.device))).numpy())


def key_of(model: Classifier, accelerator: Accelerator) -> str:
    """Of the backbone and how it is run."""
    weights = xxh3_128()
    for name, tensor in model.state_dict().items():
        if not name.startswith(("head.", "target_")):
            weights.update(name.encode())
            weights.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    described = model.architecture.model_dump(mode="json", include={"model", "height", "width", "channels", "own_code"})
    described["model"].pop("head", None)
    facts = {"weights": weights.hexdigest(), "precision": str(accelerator.mixed_precision)}
    return sha256_of_json(facts | described)[:16]
