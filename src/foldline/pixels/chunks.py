"""What one decoding process does: a run of images from the archives into their place in the cache's file."""

import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Shaped
from xxhash import xxh3_128_hexdigest

from foldline.archive.addresses import shown_address
from foldline.archive.archives import Archives
from foldline.files.parent import die_with_pool
from foldline.files.refusal import Refusal
from foldline.pixels.hashing import perceptual_hashes, thumbnail
from foldline.pixels.image_files import ImageFiles, image_into, numbers_in
from foldline.pixels.resizing import PixelForm
from foldline.pixels.stores import ImageArray
from foldline.pixels.undecodable import RANGE_CURE, Undecodable

UNREADABLE_GREY = 128
"""An unreadable image's pixels: the middle of the range says nothing to a model."""

FAR_RANGES = 20
"""A number that lies so many widths of the range outside of it is far away. The air in a CT, at -1000, is 12.5 widths
below a window for brains, [0, 80], which somebody may want; of bytes, [0, 1] leaves all but the darkest far away."""
REREAD = 20


class DecodedImage(NamedTuple):
    height: int
    width: int
    exact_hash: str
    perceptual_hash: int = 0
    """Of its pixels in the cache; 0 of an unreadable image, and before all of a chunk are hashed at once."""
    error: str | None = None


@dataclass(frozen=True)
class Source:
    """Where images come from, the form that they get, and the file that they go to."""

    archives_folder: Path
    files: tuple[str, ...]
    form: PixelForm
    pixels_file: Path


@dataclass(frozen=True)
class Chunk:
    """Images `first` .. `first + len(paths) - 1` of the cache."""

    first: int
    paths: tuple[str, ...]


@dataclass(frozen=True)
class ChunkDone:
    first: int
    hashes: Sequence[int]
    """Of each image as the store wrote it: they tell after an interruption whether it reached the disk."""
    images: Sequence[DecodedImage]


class Decoder:
    """Decodes chunks one after the other, with the archives open."""

    def __init__(self, source: Source) -> None:
        # The reason is in the table; a line on stderr for each bad file would tear the progress bar.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        self.source = source
        self.files = ImageFiles(Archives(source.archives_folder, source.files))
        self._pixels = np.empty((0, source.form.height, source.form.width, source.form.channels), source.form.dtype)

    def decode(self, chunk: Chunk) -> ChunkDone:
        """Raises Refusal when an archive is damaged, or when the card lacks `layout.range`, or has one that is not the
        images'; another image that cannot be read is an `error` and mid-grey."""
        pixels = self._room_for(len(chunk.paths))
        images = [self._decode(out, path) for out, path in zip(pixels, chunk.paths, strict=True)]
        if chunk.first == 0:
            self._refuse_first(chunk.paths, images, pixels)
        images = with_hashes(images, pixels)
        hashes = self.source.form.store.write(self.source.pixels_file, chunk.first, pixels)
        return ChunkDone(chunk.first, hashes, images)

    def _room_for(self, count: int) -> ImageArray:
        """The same memory for every chunk: new one would be zeroed page by page, 3 % of all decoding."""
        if len(self._pixels) < count:
            self._pixels = np.empty((count, *self._pixels.shape[1:]), self._pixels.dtype)
        return self._pixels[:count]

    def _refuse_first(self, paths: Sequence[str], images: Sequence[DecodedImage], pixels: ImageArray) -> None:
        """As the first ones are read, so will the others be: nobody has to wait for these."""
        reasons = [image.error or "" for image in images]
        if all(reason.endswith(RANGE_CURE) for reason in reasons):
            where = f"{self.source.archives_folder}: the first {len(images)} images cannot be read"
            raise Refusal(f"{where}, {shown_address(paths[0])} for one: {reasons[0]}.")
        if self.source.form.range is None:
            return
        read = [position for position, reason in enumerate(reasons) if not reason]
        _refuse_other_range(self.files, self.source.form, [paths[position] for position in read], pixels[read])

    def _decode(self, out: np.ndarray, path: str) -> DecodedImage:
        exact_hash = xxh3_128_hexdigest(path.encode())
        try:
            contents = self.files.contents(path)
            exact_hash = contents.exact_hash
            image = image_into(out, contents, self.source.form)
        except Undecodable as undecodable:
            out[:] = UNREADABLE_GREY
            return DecodedImage(0, 0, exact_hash, error=str(undecodable))
        except MemoryError:
            raise Refusal(
                f"{self.source.archives_folder}: `{shown_address(path)}` takes more memory to decode than is free. Run "
                "it again with more free memory, or leave that image out (in the card, a list without its row)."
            ) from None
        return DecodedImage(image.height, image.width, exact_hash)


def with_hashes(images: Sequence[DecodedImage], pixels: ImageArray) -> list[DecodedImage]:
    """These with the perceptual hashes of `pixels`, those of unreadable images left out; at once, for speed."""
    hashes = perceptual_hashes(np.stack([thumbnail(image) for image in pixels])).tolist()
    return [
        image if image.error else image._replace(perceptual_hash=found)
        for image, found in zip(images, hashes, strict=True)
    ]


def _refuse_other_range(
    files: ImageFiles, form: PixelForm, paths: Sequence[str], pixels: Shaped[np.ndarray, "images height width c"]
) -> None:
    """For a form with a range: raises Refusal when most numbers of most images lie far outside of the range.

    paths, pixels: of images that were read, in the form of the cache, where the range goes from 0 to 255.
    """
    limit = FAR_RANGES * 255
    far = ((pixels < -limit) | (pixels > 255 + limit)).mean(axis=(1, 2, 3)) > 0.5
    if 2 * far.sum() <= len(paths):
        return
    chosen = [paths[position] for position in np.flatnonzero(far).tolist()]
    # From the files: the cache has the numbers smoothed, and only up to float16's limit.
    planes = [plane for path in chosen[:REREAD] for plane in numbers_in(files.contents(path), form)]
    numbers = np.concatenate([plane.ravel() for plane in planes])
    numbers = numbers[np.isfinite(numbers)]  # some are left: the cache has 0 for all others, near the range
    low, high = numbers.min(), numbers.max()
    cure = (
        "Their samples are bytes, for which the card says `range: null`."
        if all(plane.dtype == np.uint8 for plane in planes)
        else f"Write the lowest and the highest number that most files hold, [{low:g}, {high:g}] by these."
    )
    raise Refusal(
        f"{files.archives.folder}: most numbers of {len(chosen):,} of the first {len(paths):,} images lie far outside "
        f"of layout.range, {list(form.range or ())} in the card: they go from {low:g} to {high:g} in "
        f"{shown_address(chosen[0])} and the next ones. {cure}"
    )


# A pool hands its tasks to a function, so what a process keeps between them can only be a module's.
_decoder: list[Decoder] = []


def start_process(source: Source) -> None:
    """The first thing in each process of a pool."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends the pool in order
    die_with_pool()
    _decoder.append(Decoder(source))


def decode_chunk(chunk: Chunk) -> ChunkDone:
    return _decoder[0].decode(chunk)
