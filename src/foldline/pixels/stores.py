"""How a cache keeps its images: the kinds of `prepare.store`, each with the writing and the opening of its file.

A file is reserved, written in chunks, in any order and maybe in several processes, and finished.
"""

import os
import shutil
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Annotated, ClassVar, Literal

import cv2
import numpy as np
from jaxtyping import Int64, Shaped, UInt8
from pydantic import Field

from foldline.files.refusal import Refusal
from foldline.files.whole_files import naming_a_full_disk, whole_file
from foldline.params.section import Kinds, Section
from foldline.pixels.cached_pixels import (
    OFFSET,
    ArrayPixels,
    CachedPixels,
    JpegPixels,
    Shape,
    hashes_at_end,
    image_hashes,
    length_at_end,
)

JPEG_FRACTION = 0.1
"""Of its pixels' bytes, that a photograph's JPEG takes at quality 90. At 95 it is nearly twice as much: a build that
passes may still end on a full disk, one that is refused would have."""
ImageArray = Shaped[np.ndarray, "images height width channels"]


Stored = tuple[int, Sequence[int]]


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
                length = opened.seek(0, os.SEEK_END) + length_at_end(shape[0])
                os.posix_fallocate(opened.fileno(), 0, length)

    def write(self, file: Path, first: int, pixels: ImageArray) -> list[int]:
        """Put the images `first`, ... in their place; return their hashes, as they are stored."""
        with file.open("rb+") as opened:
            opened.seek(np.load(file, mmap_mode="r").offset + first * pixels[0].nbytes)
            opened.write(pixels.data.cast("B"))
        return image_hashes(pixels)

    def written(self, file: Path, first: int, count: int) -> list[int]:
        """What `write` returned for these images, if they reached the disk."""
        return image_hashes(np.load(file, mmap_mode="r")[first : first + count])

    def finish(self, file: Path, chunks: Sequence[Stored]) -> None:
        """`chunks`: the first image of each, and the hashes that `write` returned, in order."""
        pixels = np.load(file, mmap_mode="r")
        with naming_a_full_disk(file), file.open("rb+") as opened:
            opened.seek(pixels.offset + pixels.nbytes)
            opened.write(hashes_at_end([one for _, hashes in chunks for one in hashes]))

    def opened(self, file: Path, shape: Shape) -> CachedPixels:
        """Raises ValueError when the file is damaged."""
        return ArrayPixels(file, shape)


class JpegStore(Section):
    """JPEGs of the resized images, for when pixels would not fit: a tenth of the space, decoded every time.

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

    def write(self, file: Path, first: int, pixels: UInt8[np.ndarray, "images height width channels"]) -> list[int]:
        jpegs = [_encoded(image, self.quality) for image in pixels]
        offsets = np.cumsum([0, *map(len, jpegs)]).astype(OFFSET)
        content, part = b"".join([*jpegs, offsets.tobytes()]), _parts(file) / str(first)
        with naming_a_full_disk(part):
            part.write_bytes(content)
        return image_hashes(np.frombuffer(content, np.uint8)[slice(*ends)] for ends in pairwise(offsets))

    def written(self, file: Path, first: int, count: int) -> list[int]:
        part = _parts(file) / str(first)
        if not part.exists() or part.stat().st_size < (count + 1) * OFFSET.itemsize:
            return []
        content, offsets = _part(file, first, count)
        return image_hashes(content[slice(*ends)] for ends in pairwise(offsets))

    def finish(self, file: Path, chunks: Sequence[Stored]) -> None:
        """Joins the files of the chunks and removes them."""
        starts, end = [np.zeros(1, OFFSET)], 0
        with whole_file(file) as partial, partial.open("wb") as joined:
            for first, hashes in chunks:
                content, offsets = _part(file, first, len(hashes))
                joined.write(content[: offsets[-1]].data)
                starts.append(offsets[1:] + end)
                end += int(offsets[-1])
            joined.write(np.concatenate(starts).tobytes())
            joined.write(hashes_at_end([one for _, hashes in chunks for one in hashes]))
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


def _part(file: Path, first: int, images: int) -> tuple[UInt8[np.ndarray, " bytes"], Int64[np.ndarray, " offsets"]]:
    """The content of a chunk's file, and where in it each image begins and the last one ends."""
    content = np.fromfile(_parts(file) / str(first), np.uint8)
    return content, content[-(images + 1) * OFFSET.itemsize :].view(OFFSET)


def _encoded(image: np.ndarray, quality: int) -> bytes:
    ordered = image if image.shape[2] == 1 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, encoded = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
