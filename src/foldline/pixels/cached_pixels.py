"""A finished cache as it is read: indexed by one number, each image checked whenever it is asked for.

Behind its images the file holds the hash of each (XXH3 of 64 bits, `<u8`), and behind these the mark and hash of all of
them (files/hashes.py). A file of an earlier version ends with its images and is read unchecked.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Shaped, UInt8, UInt64
from xxhash import xxh3_64_intdigest, xxh3_128_hexdigest

from foldline.files.hashes import MARK
from foldline.files.refusal import Refusal

OFFSET = np.dtype("<i8")
HASH = np.dtype("<u8")
MARK_BYTES = len(MARK) + 32
Shape = tuple[int, int, int, int]
"""Images, height, width, channels."""


def image_hashes(contents: Iterable[bytes | np.ndarray]) -> list[int]:
    return [xxh3_64_intdigest(np.ascontiguousarray(content).data) for content in contents]


def hashes_at_end(hashes: Sequence[int]) -> bytes:
    """What a finished file ends with."""
    table = np.array(hashes, HASH).tobytes()
    return table + MARK + xxh3_128_hexdigest(table).encode()


def length_at_end(images: int) -> int:
    return images * HASH.itemsize + MARK_BYTES


class ImageHashes:
    """Those of one file. `images_end`: where its images end, in bytes."""

    def __init__(self, file: Path, count: int) -> None:
        """Raises ValueError when the hashes themselves are damaged."""
        self.file, self.images_end = file, file.stat().st_size
        self.hashes: UInt64[np.ndarray, " images"] | None = None
        with file.open("rb") as opened:
            opened.seek(max(0, self.images_end - length_at_end(count)))
            end = opened.read()
        if end[-MARK_BYTES:].startswith(MARK):
            self.hashes = np.frombuffer(end[:-MARK_BYTES], HASH)
            if hashes_at_end(self.hashes.tolist()) != end or len(self.hashes) != count:
                raise ValueError("a bit has flipped on the disk or in memory, or it is of other images")
            self.images_end -= len(end)

    def require(self, content: np.ndarray, number: int) -> None:
        """Raises Refusal unless this is what was written as the image of this number."""
        if self.hashes is not None and xxh3_64_intdigest(content.data) != self.hashes[number]:
            raise Refusal(
                f"{self.file} is damaged: its image {number} is not what was written (a bit has flipped on the disk or "
                f"in memory). Remove the file (rm {self.file}) and run the same command again, which builds it anew."
            )


class ArrayPixels:
    """The pixels themselves, memory-mapped and read-only."""

    def __init__(self, file: Path, shape: Shape) -> None:
        """Raises ValueError when `file` is no array, or ends elsewhere than it."""
        self._pixels = np.load(file, mmap_mode="r")
        self._hashes = ImageHashes(file, shape[0])
        self.shape, self.dtype = self._pixels.shape, self._pixels.dtype
        if self._hashes.images_end != self._pixels.offset + self._pixels.nbytes:
            raise ValueError("it is cut off, or of other images")

    def __len__(self) -> int:
        return len(self._pixels)

    def __getitem__(self, index: int | np.integer) -> Shaped[np.ndarray, "height width channels"]:
        pixels = self._pixels[index]
        self._hashes.require(pixels, range(len(self))[int(index)])
        return pixels


class JpegPixels:
    """A JPEG store as if it were its array of pixels: indexing decodes. Processes that are forked share the file."""

    dtype = np.dtype(np.uint8)

    def __init__(self, file: Path, shape: Shape) -> None:
        """Raises ValueError when `file` does not hold as many images as `shape` says."""
        self.shape = shape
        self._hashes = ImageHashes(file, shape[0])
        self._bytes = np.memmap(file, np.uint8, "r")[: self._hashes.images_end]
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
        self._hashes.require(encoded, number)
        is_grey = self.shape[3] == 1
        pixels = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR_RGB)
        if pixels is None:
            raise ValueError(f"image {number} of the pixel cache is damaged: remove the folder of caches")
        return pixels[:, :, np.newaxis] if is_grey else pixels


CachedPixels = np.ndarray | ArrayPixels | JpegPixels
"""Of count x height x width x channels, uint8 or float16; indexed by one number."""
