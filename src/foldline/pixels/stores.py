"""How a cache keeps its images: the kinds of `prepare.store`, each with the writing and the opening of its file.

A file is reserved, written in chunks, in any order and maybe in several processes, and finished.
"""

import os
import shutil
from collections.abc import Sequence
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
JPEG_FRACTION = 0.1
"""Of its pixels' bytes, that a photograph's JPEG takes at quality 90. At 95 it is nearly twice as much: a build that
passes may still end on a full disk, one that is refused would have."""
ImageArray = Shaped[np.ndarray, "images height width channels"]
Shape = tuple[int, int, int, int]
"""Images, height, width, channels."""


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

    def __getitem__(self, index: int | np.integer) -> UInt8[np.ndarray, "height width channels"]:
        number = range(len(self))[int(index)]
        encoded = np.asarray(self._bytes[self._offsets[number] : self._offsets[number + 1]])
        is_grey = self.shape[3] == 1
        pixels = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise ValueError(f"image {number} of the pixel cache is damaged: remove the folder of caches")
        return pixels[:, :, np.newaxis] if is_grey else pixels


CachedPixels = np.ndarray | JpegPixels
"""Of count x height x width x channels, uint8 or float16; indexed by one number."""


class PixelStore(Section):
    """The pixels themselves: as fast as memory, height x width x channels bytes an image."""

    kind: Literal["pixels"]
    suffix: ClassVar[str] = ".npy"
    jpeg_quality: ClassVar[None] = None
    """As pixels.json says it; the cache's key depends on it."""

    def holds(self, channels: int, is_of_bytes: bool) -> bool:
        """Whether it can keep such images."""
        return True

    def reserve(self, file: Path, shape: Shape, dtype: str) -> None:
        """Raises Refusal when the disk has too little space. Does nothing where an interrupted build has done it."""
        if file.exists():
            return
        images = f"{shape[0]:,} images of {shape[1]} x {shape[2]} x {shape[3]}"
        cure = ", or set prepare.store to {kind: jpeg, quality: 95}"
        _require_space(file, f"the pixel cache ({images}) needs", _bytes(shape, dtype), cure)
        with whole_file(file) as partial:
            np.lib.format.open_memmap(partial, mode="w+", dtype=dtype, shape=shape)
            with partial.open("rb+") as opened:
                # Reserved now, a disk that others fill meanwhile cannot end the build at its last image.
                os.posix_fallocate(opened.fileno(), 0, opened.seek(0, os.SEEK_END))

    def write(self, file: Path, first: int, pixels: ImageArray) -> memoryview:
        """Put the images `first`, ... in their place; return what was written."""
        content = pixels.data.cast("B")
        with file.open("rb+") as opened:
            opened.seek(np.load(file, mmap_mode="r").offset + first * pixels[0].nbytes)
            opened.write(content)
        return content

    def written(self, file: Path, first: int, count: int) -> bytes:
        """What `write` returned for these images, if it reached the disk."""
        return np.load(file, mmap_mode="r")[first : first + count].tobytes()

    def finish(self, file: Path, chunks: Sequence[tuple[int, int]]) -> None:
        """`chunks`: the first image of each and how many, in order. Nothing is left to do."""

    def opened(self, file: Path, shape: Shape) -> CachedPixels:
        """Memory-mapped and read-only. Raises ValueError when the file is damaged."""
        return np.load(file, mmap_mode="r")


class JpegStore(Section):
    """JPEGs of the resized pictures, for when pixels would not fit: a tenth of the space, decoded every time.

    Its file holds the JPEGs one after the other, then where each begins and the last one ends, as int64. While it is
    built each chunk is a file of that form; they are joined at the end, so that the bytes do not depend on which chunk
    was done first.
    """

    kind: Literal["jpeg"]
    quality: Annotated[int, Field(ge=50, le=100)]
    suffix: ClassVar[str] = ".jpegs"

    @property
    def jpeg_quality(self) -> int:
        return self.quality

    def holds(self, channels: int, is_of_bytes: bool) -> bool:
        return is_of_bytes and channels in (1, 3)

    def reserve(self, file: Path, shape: Shape, dtype: str) -> None:
        """Asks for the space that JPEGs of usual size take."""
        if not _parts(file).exists():
            # Twice: the parts are there until they are joined.
            needed = round(2 * JPEG_FRACTION * _bytes(shape, dtype))
            _require_space(file, "building the cache of JPEGs takes about", needed)
            _parts(file).mkdir()

    def write(self, file: Path, first: int, pixels: UInt8[np.ndarray, "images height width channels"]) -> bytes:
        jpegs = [_encoded(image, self.quality) for image in pixels]
        offsets = np.cumsum([0, *map(len, jpegs)]).astype(OFFSET)
        content, part = b"".join([*jpegs, offsets.tobytes()]), _parts(file) / str(first)
        with naming_a_full_disk(part):
            part.write_bytes(content)
        return content

    def written(self, file: Path, first: int, count: int) -> bytes:
        part = _parts(file) / str(first)
        return part.read_bytes() if part.exists() else b""

    def finish(self, file: Path, chunks: Sequence[tuple[int, int]]) -> None:
        """Joins the files of the chunks and removes them."""
        starts, end = [np.zeros(1, OFFSET)], 0
        with whole_file(file) as partial, partial.open("wb") as joined:
            for first, count in chunks:
                content = self.written(file, first, count)
                offsets = np.frombuffer(content[-(count + 1) * OFFSET.itemsize :], OFFSET)
                joined.write(content[: offsets[-1]])
                starts.append(offsets[1:] + end)
                end += int(offsets[-1])
            joined.write(np.concatenate(starts).tobytes())
        shutil.rmtree(_parts(file))

    def opened(self, file: Path, shape: Shape) -> CachedPixels:
        return JpegPixels(file, shape)


Store = Annotated[PixelStore | JpegStore, Kinds()]
SUFFIXES = (PixelStore.suffix, JpegStore.suffix)


def store_of(jpeg_quality: int | None) -> Store:
    """Of a cache that pixels.json describes."""
    return PixelStore(kind="pixels") if jpeg_quality is None else JpegStore(kind="jpeg", quality=jpeg_quality)


def _require_space(file: Path, who: str, needed: int, cure: str = "") -> None:
    free = shutil.disk_usage(file.parent).free
    if needed > free:
        raise Refusal(
            f"{file.parent}: {who} {needed:,} bytes, {free:,} are free. Free some space, or lower "
            f"prepare.height_pixels and prepare.width_pixels in params.yaml{cure}."
        )


def _bytes(shape: Shape, dtype: str) -> int:
    return int(np.prod(shape)) * np.dtype(dtype).itemsize


def _parts(file: Path) -> Path:
    return file.with_suffix(".parts")


def _encoded(image: np.ndarray, quality: int) -> bytes:
    ordered = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
