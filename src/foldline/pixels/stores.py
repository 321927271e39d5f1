"""How a cache keeps its images: the kinds of `prepare.store`, each with the writing and the opening of its file."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8
from pydantic import Field

from foldline.files.refusal import Refusal
from foldline.files.whole_files import naming_a_full_disk, whole_file
from foldline.params.section import Kinds, Section

OFFSET = np.dtype("<i8")
JPEG_SHARE = 0.1
"""Of its pixels' bytes, that a photograph's JPEG takes at quality 90. At 95 it is nearly twice as much: a build that
passes may still end on a full disk, one that is refused would have."""
ImageArray = Shaped[np.ndarray, "images height width channels"]
Shape = tuple[int, int, int, int]
"""Images, height, width, channels."""


@dataclass(frozen=True)
class ArrayWriter:
    """A .npy file of all pixels, reserved at its full size; each chunk has its place from the start.

    As every writer it takes chunks in any order, maybe in several processes.
    """

    file: Path
    shape: Shape
    dtype: str

    def reserve(self) -> None:
        """Raises Refusal when the disk has too little space."""
        if self.file.exists():
            return
        needed, free = self.shape[0] * self._image_bytes, shutil.disk_usage(self.file.parent).free
        if needed > free:
            raise Refusal(
                f"{self.file.parent}: the pixel cache needs {needed:,} bytes ({self.shape[0]:,} images of "
                f"{self.shape[1]} x {self.shape[2]} x {self.shape[3]}), {free:,} are free. Free some space, or lower "
                "prepare.height_pixels and prepare.width_pixels in params.yaml, or set prepare.store to "
                "{kind: jpeg, quality: 95}."
            )
        with whole_file(self.file) as partial:
            np.lib.format.open_memmap(partial, mode="w+", dtype=self.dtype, shape=self.shape)
            with partial.open("rb+") as file:
                # Reserved now, a disk that others fill meanwhile cannot end the build at its last image.
                os.posix_fallocate(file.fileno(), 0, file.seek(0, os.SEEK_END))

    def write(self, first: int, pixels: ImageArray) -> memoryview:
        """Put the images `first`, ... in their place; return what was written."""
        content = pixels.data.cast("B")
        with self.file.open("rb+") as file:
            file.seek(np.load(self.file, mmap_mode="r").offset + first * self._image_bytes)
            file.write(content)
        return content

    def written(self, first: int, count: int) -> bytes:
        """What `write` returned for these images, if it reached the disk."""
        return np.load(self.file, mmap_mode="r")[first : first + count].tobytes()

    def finish(self, chunks: Sequence[tuple[int, int]]) -> None:
        """`chunks`: the first image of each and how many, in order. Nothing is left to do."""

    @property
    def _image_bytes(self) -> int:
        return int(np.prod(self.shape[1:])) * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class JpegWriter:
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
        """Asks for the space that JPEGs of usual size take."""
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
        """Joins the files of the chunks and removes them."""
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

    def __init__(self, file: Path, shape: Shape) -> None:
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

    def __getitem__(self, position: int | np.integer) -> UInt8[np.ndarray, "height width channels"]:
        number = range(len(self))[int(position)]
        encoded = np.asarray(self._bytes[self._offsets[number] : self._offsets[number + 1]])
        is_grey = self.shape[3] == 1
        pixels = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise ValueError(f"image {number} of the pixel cache is damaged: remove the folder of caches")
        return pixels[:, :, np.newaxis] if is_grey else pixels


StoreWriter = ArrayWriter | JpegWriter
CachedPixels = np.ndarray | JpegPixels
"""Of count x height x width x channels, uint8 or float16; indexed by one position."""


class PixelStore(Section):
    """The pixels themselves: as fast as memory, height x width x channels bytes an image."""

    kind: Literal["pixels"]
    suffix: ClassVar[str] = ".npy"
    jpeg_quality: ClassVar[None] = None
    """As pixels.json says it; the cache's key depends on it."""

    def holds(self, channels: int, is_of_bytes: bool) -> bool:
        """Whether it can keep such images."""
        return True

    def writer(self, file: Path, shape: Shape, dtype: str) -> StoreWriter:
        return ArrayWriter(file, shape, dtype)

    def opened(self, file: Path, shape: Shape) -> CachedPixels:
        """Memory-mapped and read-only. Raises ValueError when the file is damaged."""
        return np.load(file, mmap_mode="r")


class JpegStore(Section):
    """JPEGs of the resized pictures, for when pixels would not fit: a tenth of the space, decoded every time."""

    kind: Literal["jpeg"]
    quality: Annotated[int, Field(ge=50, le=100)]
    suffix: ClassVar[str] = ".jpegs"

    @property
    def jpeg_quality(self) -> int:
        return self.quality

    def holds(self, channels: int, is_of_bytes: bool) -> bool:
        return is_of_bytes and channels in (1, 3)

    def writer(self, file: Path, shape: Shape, dtype: str) -> StoreWriter:
        return JpegWriter(file, self.quality, int(np.prod(shape)) * np.dtype(dtype).itemsize)

    def opened(self, file: Path, shape: Shape) -> CachedPixels:
        return JpegPixels(file, shape)


Store = Annotated[PixelStore | JpegStore, Kinds()]
SUFFIXES = (PixelStore.suffix, JpegStore.suffix)


def store_of(jpeg_quality: int | None) -> Store:
    """Of a cache that pixels.json describes."""
    return PixelStore(kind="pixels") if jpeg_quality is None else JpegStore(kind="jpeg", quality=jpeg_quality)


def _encoded(image: np.ndarray, quality: int) -> bytes:
    ordered = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
