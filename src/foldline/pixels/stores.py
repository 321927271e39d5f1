"""The two ways in which a cache keeps its images: their pixels in one array, or JPEGs of them one after the other."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import cv2
import numpy as np
from jaxtyping import Integer, Shaped, UInt8

from foldline.files.refusal import Refusal
from foldline.files.whole_files import naming_a_full_disk, whole_file
from foldline.pixels.resizing import PixelForm

OFFSET = np.dtype("<i8")
JPEG_SHARE = 0.1
"""Of its pixels' bytes, that a photograph's JPEG takes at quality 90. At 95 it is nearly twice as much: a build that
passes may still end on a full disk, one that is refused would have."""
ImageArray = Shaped[np.ndarray, "images height width channels"]


@dataclass(frozen=True)
class ArrayStore:
    """A .npy file of all pixels, reserved at its full size; each chunk has its place from the start."""

    file: Path
    shape: tuple[int, int, int, int]
    form: PixelForm

    def reserve(self) -> None:
        """Raises Refusal when the disk has too little space."""
        if self.file.exists():
            return
        needed, free = self.shape[0] * self.form.bytes, shutil.disk_usage(self.file.parent).free
        if needed > free:
            raise Refusal(
                f"{self.file.parent}: the pixel cache needs {needed:,} bytes ({self.shape[0]:,} images of "
                f"{self.shape[1]} x {self.shape[2]} x {self.shape[3]}), {free:,} are free. Free some space, or lower "
                "prepare.height_pixels and prepare.width_pixels in params.yaml, or set prepare.store to "
                "{kind: jpeg, quality: 95}."
            )
        with whole_file(self.file) as partial:
            np.lib.format.open_memmap(partial, mode="w+", dtype=self.form.dtype, shape=self.shape)
            with partial.open("rb+") as file:
                # Reserved now, a disk that others fill meanwhile cannot end the build at its last image.
                os.posix_fallocate(file.fileno(), 0, file.seek(0, os.SEEK_END))

    def write(self, first: int, pixels: ImageArray) -> memoryview:
        """Put the images `first`, ... in their place; return what was written."""
        content = pixels.data.cast("B")
        with self.file.open("rb+") as file:
            file.seek(self._offset(first))
            file.write(content)
        return content

    def written(self, first: int, count: int) -> bytes:
        with self.file.open("rb") as file:
            file.seek(self._offset(first))
            return file.read(count * self.form.bytes)

    def finish(self, chunks: Sequence[tuple[int, int]]) -> None:
        """Nothing is left to do."""

    def _offset(self, first: int) -> int:
        return np.load(self.file, mmap_mode="r").offset + first * self.form.bytes


@dataclass(frozen=True)
class JpegStore:
    """JPEGs one after the other, then where each begins and the last one ends, as int64.

    While it is built each chunk is a file of that form; they are joined at the end, so that the bytes do not depend on
    which chunk was done first.
    """

    file: Path
    quality: int
    pixels_bytes: int
    """Of all images as they would lie in an array."""

    @property
    def parts(self) -> Path:
        return self.file.with_suffix(".parts")

    def reserve(self) -> None:
        """Raises Refusal when the disk has too little space for JPEGs of usual size."""
        if self.parts.exists():
            return
        # Twice: the parts are there until they are joined.
        needed, free = round(2 * JPEG_SHARE * self.pixels_bytes), shutil.disk_usage(self.file.parent).free
        if needed > free:
            raise Refusal(
                f"{self.file.parent}: building the cache of JPEGs takes about {needed:,} bytes, {free:,} are free. "
                "Free some space, or lower prepare.height_pixels and prepare.width_pixels in params.yaml."
            )
        self.parts.mkdir()

    def write(self, first: int, pixels: UInt8[np.ndarray, "images height width channels"]) -> bytes:
        jpegs = [_encoded(image, self.quality) for image in pixels]
        offsets = np.cumsum([0, *map(len, jpegs)]).astype(OFFSET)
        content = b"".join([*jpegs, offsets.tobytes()])
        part = self._part(first)
        with naming_a_full_disk(part):
            part.write_bytes(content)
        return content

    def written(self, first: int, count: int) -> bytes:
        part = self._part(first)
        return part.read_bytes() if part.exists() else b""

    def finish(self, chunks: Sequence[tuple[int, int]]) -> None:
        """`chunks`: the first image of each and how many, in order; their files are removed."""
        starts, end = [np.zeros(1, OFFSET)], 0
        with whole_file(self.file) as partial, partial.open("wb") as file:
            for first, count in chunks:
                content = self._part(first).read_bytes()
                offsets = np.frombuffer(content[-(count + 1) * OFFSET.itemsize :], OFFSET)
                file.write(content[: offsets[-1]])
                starts.append(offsets[1:] + end)
                end += int(offsets[-1])
            file.write(np.concatenate(starts).tobytes())
        shutil.rmtree(self.parts)

    def _part(self, first: int) -> Path:
        return self.parts / str(first)


class JpegPixels:
    """A JPEG store as if it were its array of pixels: indexing decodes. Processes that are forked share the file."""

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, file: Path, shape: tuple[int, int, int, int]) -> None:
        """Raises ValueError when `file` does not hold as many images as `shape` says."""
        self.shape = shape
        self._bytes = np.memmap(file, np.uint8, "r")
        tail = (shape[0] + 1) * OFFSET.itemsize
        if len(self._bytes) < tail:
            raise ValueError("it is cut off")
        self._offsets = self._bytes[-tail:].view(OFFSET)
        if self._offsets[-1] != len(self._bytes) - tail:
            raise ValueError("it is cut off, or of other images")

    def __len__(self) -> int:
        return self.shape[0]

    @overload
    def __getitem__(self, positions: int | np.integer) -> UInt8[np.ndarray, "height width channels"]: ...
    @overload
    def __getitem__(
        self, positions: slice | Integer[np.ndarray, " images"]
    ) -> UInt8[np.ndarray, "images height width channels"]: ...
    def __getitem__(
        self, positions: int | np.integer | slice | Integer[np.ndarray, " images"]
    ) -> UInt8[np.ndarray, "..."]:
        """One image for a number; for a slice or an array of numbers that many."""
        if isinstance(positions, int | np.integer):
            return self._image(range(len(self))[int(positions)])
        numbers = np.arange(len(self))[positions]
        images = np.empty((len(numbers), *self.shape[1:]), np.uint8)
        for place, number in zip(images, numbers, strict=True):
            place[:] = self._image(int(number))
        return images

    def _image(self, number: int) -> np.ndarray:
        encoded = np.asarray(self._bytes[self._offsets[number] : self._offsets[number + 1]])
        is_grey = self.shape[3] == 1
        pixels = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise ValueError(f"image {number} of the pixel cache is damaged: remove the folder of caches")
        return pixels[:, :, np.newaxis] if is_grey else pixels


Store = ArrayStore | JpegStore
CachedPixels = np.ndarray | JpegPixels
"""Of count x height x width x channels, uint8 or float16; indexed by positions."""


def store_for(file: Path, count: int, form: PixelForm) -> Store:
    if form.jpeg_quality is not None:
        return JpegStore(file, form.jpeg_quality, count * form.bytes)
    return ArrayStore(file, (count, form.height, form.width, form.channels), form)


def suffix_of(form: PixelForm) -> str:
    """Of the file that holds a cache in `form`."""
    return ".npy" if form.jpeg_quality is None else ".jpegs"


def _encoded(image: np.ndarray, quality: int) -> bytes:
    ordered = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
