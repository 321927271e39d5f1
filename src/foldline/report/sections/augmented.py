"""What a training makes of its images: some of them as they are, and each as several epochs might see it."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float32, Int64, Shaped
from scipy.sparse import csr_array

from foldline.card.views import needs_squares
from foldline.folds.training_table import soft_targets
from foldline.pixels.cached_pixels import CachedPixels
from foldline.pixels.loaders import EpochOrder, training_loader
from foldline.pixels.resizing import Size
from foldline.report.page import Figure, Gallery, Section
from foldline.report.pictures import Pictures
from foldline.report.prepared import Prepared
from foldline.training.augmentation import build_augmentation
from foldline.training.batches import TrainingBatches
from foldline.training.fold_samples import Samples
from foldline.training.train_section import Train

IMAGES, VERSIONS = 6, 8
CHANGES = ("augmentation", "mixing", "resolution")
MOST_NAMED = 3
"""Classes of a mixed target, or numbers."""

Batch = tuple[Shaped[np.ndarray, "images height width channels"], Float32[np.ndarray, "images classes"]]


def augmented_by_phase(
    prepared: Prepared, train: Train, symmetries: Sequence[str], pictures: Pictures, seed: int
) -> list[Section]:
    """One section, or one for each phase that does something else to images."""
    told: list[Train] = []
    for phase in train.in_phases:
        if not any(all(getattr(one, key) == getattr(phase, key) for key in CHANGES) for one in told):
            told.append(phase)
    return [augmented_images(prepared, phase, symmetries, pictures, seed) for phase in told]


def augmented_images(
    prepared: Prepared, phase: Train, symmetries: Sequence[str], pictures: Pictures, seed: int
) -> Section:
    """By the training's own code, as the phase's first epoch has it; the images are a batch, mixed among themselves."""
    name = "".join(f" in phase {one.name}" for one in phase.phases)
    rows = prepared.drawn_rows(np.arange(len(prepared.targets)), IMAGES, (seed,))
    indices = prepared.first_images[rows].to_numpy()
    targets = soft_targets(prepared.targets[rows], len(prepared.classes))
    batches = list(versions(prepared.pixels, indices, targets, phase, symmetries, seed))
    body = []
    for place, row in enumerate(rows):
        index, own = int(indices[place]), targets[[place]].toarray()[0]
        said, row_id = prepared.shown[row], prepared.rows["row_id"].iloc[row]
        figures = [Figure(pictures.of(index), f"{row_id} as it is", ["as it is"])]
        for number, (images, mixed) in enumerate(batches):
            picture = pictures.version(f"{place}v{number}{name}", images[place], prepared.pixels[index])
            figures.append(
                Figure(picture, f"{row_id}, version {number + 1}", mixture(own, mixed[place], prepared.classes))
            )
        body.append(Gallery(figures, f"{row_id}: {said}", in_row=VERSIONS + 1))
    title = f"What training makes of images{name}: {in_words(phase, symmetries, prepared.pixels.shape[1:3])}"
    lede = f"{IMAGES} images as they are, and {VERSIONS} times as a training may see them: each epoch draws anew."
    return Section(f"augmentation{name.replace(' ', '-')}", title, lede, body)


def versions(
    pixels: CachedPixels,
    indices: Int64[np.ndarray, " images"],
    targets: csr_array,
    train: Train,
    symmetries: Sequence[str],
    seed: int,
) -> Iterator[Batch]:
    """The images at `indices` and their soft targets as a first epoch gives them to the model, several times. Images
    are of 0..255, of the size at which the epoch sees them."""
    count = len(indices)
    augment = build_augmentation(train.augmentation, pixels.shape[1:], symmetries)
    samples = Samples(indices, targets, np.ones(count, np.float32), ("",) * count)
    for number in range(VERSIONS):
        own = (seed, number)
        loader = training_loader(pixels, indices, augment, EpochOrder(count, count, own, 0, 1), workers=0)
        batches = TrainingBatches(loader, samples, lambda soft: soft, train, own, torch.device("cpu"))
        for batch in batches.mixed(epoch=0):
            order = torch.argsort(batch.index)
            yield batch.images[order].permute(0, 2, 3, 1).numpy(), batch.targets[order].numpy()


def mixture(
    own: Float32[np.ndarray, " classes"], mixed: Float32[np.ndarray, " classes"], classes: Sequence[str]
) -> list[str]:
    """What a mixed image is said to show, the most first: `cat: 0.7`, `dog: 0.3`; nothing where that is its row's own
    target."""
    if np.array_equal(own, mixed, equal_nan=True):
        return []
    most = sorted(np.flatnonzero(mixed).tolist(), key=lambda place: -mixed[place])[:MOST_NAMED]
    return [f"{classes[place]}: {mixed[place]:.3g}" for place in most]


def in_words(train: Train, symmetries: Sequence[str], size: Size) -> str:
    """What changes images of this height and width, as params.yaml and the card call it."""
    recipe = train.augmentation.recipe
    named = symmetries if recipe.symmetries is None else recipe.symmetries
    drawn = [name for name in named if size[0] == size[1] or not needs_squares(name)]
    more = [name for transform in train.augmentation.transforms for name in transform]
    parts = [f"recipe {recipe.kind}", *more, *drawn, f"mixing {train.mixing.kind}"]
    return ", ".join(parts)
