"""The bundle's folder: flat, whole or absent, and every file of it under one hash."""

import shutil
from dataclasses import dataclass

from foldline.archive.archives import read_manifest
from foldline.bundle.bundles import write_models
from foldline.bundle.kaggle_files import (
    dataset_metadata,
    kernel_metadata,
    prediction_notebook,
    slug_of,
    write_unlisted,
)
from foldline.bundle.own_wheel import write_wheel
from foldline.bundle.packages import Image, fetch, lacking, needed
from foldline.files.places import Places, card_file
from foldline.files.sums import SUMS, write_sums
from foldline.files.whole_files import sha256, whole_folder
from foldline.pixels.cache import read_images


@dataclass(frozen=True)
class Written:
    slug: str
    """Of the dataset and the notebook."""
    notebook: str
    packages: dict[str, str]
    """By name the versions of those whose wheels are in it, foldline among them."""
    files: int
    bytes: int
    sums: str
    """The SHA-256 of the file SHA256SUMS."""


def write_bundle(places: Places, image: Image, user: str) -> Written:
    """Write work/<slug>/bundle anew. Raises Refusal when the run is not finished, or a wheel cannot be had; what was
    there before then stays."""
    with whole_folder(places.bundle) as folder:
        write_models(folder, places)
        shutil.copyfile(places.root / "params.yaml", folder / "params.yaml")
        shutil.copyfile(places.root / card_file(places.slug), folder / "card.yaml")
        files = {*read_manifest(places.manifest).names, *read_images(places.images)["path"]}
        packages = lacking(image, needed(files))
        fetch(packages, image, folder)
        own = write_wheel(folder)
        packages = {"foldline": own.split("-")[1], **packages}
        listed = write_sums(folder)
        slug, notebook, sums = slug_of(places.slug), f"{places.slug}.ipynb", sha256(folder / SUMS)
        content = prediction_notebook(places.slug, slug, sums, packages)
        kernel = kernel_metadata(user, slug, places.slug, notebook, image.reference)
        write_unlisted(folder, content, dataset_metadata(user, slug), kernel)
        size = sum(path.stat().st_size for path in folder.iterdir())
        return Written(slug, notebook, packages, len(listed), size, sums)
