"""What resizing and cropping do: images as their files have them, beside what a model sees of them."""

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int64, Shaped

from foldline.archive.addresses import shown_address
from foldline.files.refusal import Refusal
from foldline.pixels.image_files import ImageFiles, image_into
from foldline.pixels.resizing import PixelForm, Size, scaled_size
from foldline.pixels.undecodable import Undecodable
from foldline.report.page import Figure, Galleries, Gallery, Section
from foldline.report.pictures import Pictures
from foldline.report.prepared import Prepared
from foldline.training.batches import resized, resized_sides
from foldline.training.train_section import Train

IMAGES = 6
SIDE_PIXELS = 256
"""Of a copy of a file's image, at most."""
WORTH_A_WORD = 0.02
"""A change of a smaller share is not."""


def resized_images(
    prepared: Prepared, form: PixelForm, train: Train, files: ImageFiles | None, pictures: Pictures
) -> Section:
    """form: of the pixel cache. files: of the archives, None where they are not there."""
    smallest = min(fraction for phase in train.in_phases for fraction in phase.resolution.fractions(phase.epochs))
    uses = {1.0: "to a model"} | ({smallest: "in training"} if smallest < 1 else {})
    readable = prepared.images[prepared.images["error"].isna()].drop_duplicates("cache_index")
    paths, indices = readable["path"].tolist(), readable["cache_index"].tolist()
    sizes = readable[["height", "width"]].to_numpy(np.int64)
    galleries = []
    for place, most in typical_and_extreme(sizes, IMAGES).items():
        size, seen = (int(sizes[place, 0]), int(sizes[place, 1])), prepared.pixels[indices[place]]
        title = ", ".join([shown_address(paths[place]), *most])
        figures = []
        if files is not None and (whole := original(files, paths[place], size, form)) is not None:
            picture = pictures.version(f"{place}whole", whole, whole)
            figures.append(Figure(picture, f"{title}, in its file", ["in its file", in_pixels(size)]))
        for fraction, use in uses.items():
            picture = pictures.version(f"{place}at{fraction:g}", at_fraction(seen, fraction), seen)
            sides = in_pixels(resized_sides(form.height, form.width, fraction))
            figures.append(Figure(picture, f"{title}, {use}", [use, sides]))
        galleries.append(Gallery(figures, title, fate(size, form), in_row=len(figures)))
    title = f"Images of {range_of(sizes)} become {in_pixels((form.height, form.width))} by {form.resize}"
    return Section("resizing", title, "Sizes are height x width, in pixels.", [Galleries(galleries)])


def original(
    files: ImageFiles, path: str, size: Size, form: PixelForm
) -> Shaped[np.ndarray, "height width channels"] | None:
    """A small copy of an image in its own aspect; None where the archives do not give it."""
    shrunk = min(1.0, SIDE_PIXELS / max(size))
    height, width = (max(1, round(side * shrunk)) for side in size)
    pixels = np.empty((height, width, form.channels), form.dtype)
    try:
        image_into(pixels, files.contents(path), replace(form, height=height, width=width, resize="squash"))
    except (Refusal, Undecodable):
        return None
    return pixels


def typical_and_extreme(sizes: Int64[np.ndarray, "images 2"], most: int) -> dict[int, list[str]]:
    """Places of at most so many images, and of each what it is the most of, if of anything: where heights and widths
    differ the extremes, then some evenly spaced by area."""
    height, width = sizes.T
    aspect, area = width / height, height * width
    found: dict[int, list[str]] = {}
    for name, values in {"widest": aspect, "tallest": -aspect, "largest": area, "smallest": -area}.items():
        if values.min() < values.max():
            found.setdefault(int(values.argmax()), []).append(f"the {name}")
    rest = np.setdiff1d(np.arange(len(area)), [*found])
    rest = rest[np.argsort(area[rest], kind="stable")]
    ranks = np.linspace(0, max(len(rest) - 1, 0), 2 * (most - len(found)) + 1).round().astype(int)[1::2]
    return found | {int(rest[rank]): [] for rank in ranks if rank < len(rest)}


def fate(size: Size, form: PixelForm) -> str:
    """What becomes of an image of this height and width, in words."""
    scaled = scaled_size(*size, form)
    sides = list(zip((form.height, form.width), scaled, strict=True))
    lost = 1 - np.prod([min(1, side / whole) for side, whole in sides])
    black = 1 - np.prod([min(1, whole / side) for side, whole in sides])
    wider = (scaled[1] / size[1]) / (scaled[0] / size[0])
    said = {
        f"scaled to {in_pixels(scaled)}" if scaled != size else "not scaled": True,
        f"{wider:.2g} times as wide for its height": abs(wider - 1) > WORTH_A_WORD,
        f"{lost:.0%} cut off": lost > WORTH_A_WORD,
        f"{black:.0%} black": black > WORTH_A_WORD,
    }
    return ", ".join(words for words, is_so in said.items() if is_so)


def at_fraction(
    pixels: Shaped[np.ndarray, "height width channels"], fraction: float
) -> Shaped[np.ndarray, "h w channels"]:
    """As a training sees an image of the cache."""
    batch = torch.from_numpy(np.array(pixels)).permute(2, 0, 1)[None]
    return resized(batch, fraction)[0].permute(1, 2, 0).numpy()


def in_pixels(size: Size) -> str:
    return f"{size[0]} x {size[1]}"


def range_of(sizes: Int64[np.ndarray, "images 2"]) -> str:
    """The least and the greatest height and width."""
    ends = dict.fromkeys(in_pixels((int(end[0]), int(end[1]))) for end in (sizes.min(axis=0), sizes.max(axis=0)))
    return " to ".join(ends)
