"""New rows to predict: the test part of a competition's folder, or every image of any folder."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from foldline.archive.archives import Archives
from foldline.archive.file_names import ARRAY_SUFFIXES, IMAGE_SUFFIXES, suffix_of
from foldline.archive.folders import files_below
from foldline.bundle.described import Described
from foldline.card.layout import Layout
from foldline.card.submission import Submission
from foldline.competition.layouts import read_test
from foldline.competition.missing_images import link_images
from foldline.competition.sample import Sample, read_sample
from foldline.files.places import Places
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import write_rows
from foldline.kaggle.downloads import MANIFEST
from foldline.pixels.building import build, form_of
from foldline.pixels.cache import write_images, write_pixels_key
from foldline.pixels.cached_pixels import CachedPixels
from foldline.training.frozen import BATCH_SIZE
from foldline.training.networks import Models

PLACES = ("{slug}", "competitions/{slug}")
"""Of a competition's files below Kaggle's folder of inputs, the older and the newer."""
MOST_NAMED = 100
"""Pictures that cannot be read, in the record of a prediction."""


@dataclass(frozen=True)
class NewRows:
    rows: pd.DataFrame
    """In the form of files/rows.py, all of the test part."""
    images: pd.DataFrame
    """row, path, missing; as a competition's `Listing` has them."""
    folder: Path
    files: Sequence[str]
    """The folder's files that images may lie in."""


def competition_folder(inputs: Path, slug: str) -> Path:
    """Raises Refusal where the competition's files are not there."""
    tried = [inputs / place.format(slug=slug) for place in PLACES]
    found = next((folder for folder in tried if folder.is_dir()), None)
    if found is None:
        there = listed(sorted(path.name for path in inputs.iterdir())) if inputs.is_dir() else "nothing"
        raise Refusal(
            f"the files of the competition {slug} are neither in {tried[0]} nor in {tried[1]}; {inputs} has {there}. "
            f"Add the competition to the notebook's inputs (competition_sources: {slug})."
        )
    return found


def link_competition(competition: Path, links: Path) -> None:
    """Make the folder `links`, of links to all that the competition's has but our manifest of it."""
    links.mkdir(parents=True)
    for path in competition.iterdir():
        if path.name != MANIFEST:
            (links / path.name).symlink_to(path.absolute())


def competition_rows(competition: Path, described: Described, links: Path) -> tuple[NewRows, Sample]:
    """Of a competition's folder, loose files or archives, what its card makes of the test part. No train image is read.

    links: a folder to be made (`link_competition`): what has to be unpacked is unpacked next to it, since the other may
    be read-only. Raises Refusal when tables are not as the card says.
    """
    link_competition(competition, links)
    files = files_below(links)
    layout, form = described.fact("layout", Layout), described.fact("submission", Submission)
    with Archives(links, files) as archives:
        rows, images = read_test(archives, layout, described.tabular)
        return NewRows(rows, images, links, files), read_sample(archives, form)


def picture_rows(folder: Path, described: Described) -> NewRows:
    """A row for each image below any folder, called by its path. Raises Refusal where there is none, and for a model
    that is told more than an image."""
    layout = described.fact("layout", Layout)
    if described.tabular.names and described.section("train.model", Models).concatenates_tabular_features:
        raise Refusal(
            f"the models of {described.slug} also learned from {listed(described.tabular.names, 5)}, which a folder of "
            "images does not say. Predict the competition's own test set, or train with "
            "`train.model.tabular_features: none`."
        )
    if any(part.files_per_image > 1 for part in (*layout.train, *layout.test)):
        raise Refusal(
            f"an image of {described.slug} is made of {layout.channels} files, one per channel (layout in its card): "
            "which files of a folder belong together is not known. Predict the competition's own test set."
        )
    suffixes = (*IMAGE_SUFFIXES, *ARRAY_SUFFIXES)
    files = [name for name in files_below(folder) if suffix_of(name) in suffixes]
    if not files:
        raise Refusal(f"{folder} holds no image. Known are {listed(suffixes, 30)}. Name another folder.")
    rows = pd.DataFrame({"part": "test", "row_id": files, "group": pd.Series(pd.NA, range(len(files)), dtype="str")})
    images = pd.DataFrame({"row": np.arange(len(files)), "path": files, "missing": ""})
    return NewRows(rows, images, folder, files)


def decode(new: NewRows, described: Described, places: Places) -> pd.DataFrame:
    """Decode each image once, in the very form that the models learned from, into tables and a pixel cache below
    `places`; images.parquet, in which those that cannot be read have an `error` and a blank image."""
    built = build(new.folder, new.files, new.images["path"].tolist(), form_of(described.pixels), places.pixel_caches)
    images = link_images(new.images, built.decoded)
    write_rows(places.rows, new.rows)
    write_images(places.images, images)
    write_pixels_key(places.pixels, built.key)
    return images


class FromPlace:
    """A pixel cache that begins with some blank images.

    A frozen backbone sees images in batches of the whole cache, train images before test images, and what it makes of
    one may depend on its place in a batch by a rounding error. Here each test image has the place that it had there.
    """

    def __init__(self, pixels: CachedPixels, first: int) -> None:
        self.pixels, self.first, self.dtype = pixels, first, pixels.dtype
        _, height, width, channels = pixels.shape
        self.shape = first + len(pixels), height, width, channels

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int | np.integer) -> np.ndarray:
        at = int(index) - self.first
        return self.pixels[at] if at >= 0 else np.zeros(self.shape[1:], self.dtype)


def first_place(images: pd.DataFrame, rows: pd.DataFrame, is_frozen: bool) -> int:
    """Where in a batch of features the first test image lies; images, rows: the finished run's tables."""
    of_test = images[(rows["part"] == "test").to_numpy()[images["row"]]]
    return int(of_test["cache_index"].min()) % BATCH_SIZE if is_frozen else 0
