"""From an image's address to its pixels in the form of the cache, whatever it is and wherever it lies."""

import base64
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Shaped
from xxhash import xxh3_128, xxh3_128_digest

from foldline.archive.addresses import (
    InRecord,
    open_array_file,
    parse_in_array,
    parse_in_record,
    places_of,
    value_at,
)
from foldline.archive.archives import Archives
from foldline.archive.record_files import RecordFile, file_of_records
from foldline.files.refusal import Refusal
from foldline.pixels.cache import MISSING
from foldline.pixels.decoding import DecodedPixels, decode
from foldline.pixels.dicom import dicom_samples, is_dicom
from foldline.pixels.resizing import PixelForm, resized, scaled_size
from foldline.pixels.samples import (
    NPY_MARK,
    NPZ_MARK,
    PARQUET_MARK,
    Samples,
    array_samples,
    image_samples,
    scaled_samples,
    whole_bytes,
    with_channels,
)
from foldline.pixels.tiff import is_tiff, tiff_samples
from foldline.pixels.undecodable import Undecodable, undecodable


@dataclass(frozen=True)
class Contents:
    """What an image is made of."""

    files: tuple[bytes, ...]
    """Its file; of an image whose channels are files all of them; of numbers these as float32."""
    numbers: InRecord | None = None
    """How the numbers lie."""

    @property
    def exact_hash(self) -> str:
        """XXH3 of 128 bits, in hexadecimal: it tells files apart that nobody made to be mistaken for each other, and
        SHA-256 takes 3 % of a photograph's way into the cache."""
        digest = xxh3_128(self.files[0])
        for content in self.files[1:]:
            digest.update(xxh3_128_digest(content))
        return digest.hexdigest()


class ImageFiles:
    """The archives, and the files of records and of arrays in them that are open."""

    def __init__(self, archives: Archives) -> None:
        self.archives = archives
        self._records = cache(lambda name: file_of_records(archives.file(name), name))
        self._arrays = cache(lambda name: open_array_file(archives.file(name), name))

    def contents(self, address: str) -> Contents:
        """Of the image at `address` (archive/addresses.py).

        Raises Refusal for a missing or damaged archive, Undecodable for a file that is not there, or a record without
        the image.
        """
        in_record = parse_in_record(address)
        if in_record is None:
            return Contents(tuple(map(self._content, places_of(address))))
        name, image = in_record
        records = self._records(name)
        try:
            if image.height == 0:
                return Contents((_image_file(value_at(records.at(image.place), image.fields[0])),))
            return Contents((_numbers(records, image).tobytes(),), image)
        except (MemoryError, Refusal):
            raise
        except Exception as error:  # hostile bytes meet readers with any error there is
            raise Undecodable(f"its record does not hold it ({error})") from None

    def _content(self, place: str) -> bytes:
        in_array = parse_in_array(place)
        name = in_array.file if in_array else place
        if name not in self.archives:
            raise Undecodable(MISSING)
        if in_array is None:
            return self.archives.read(name)
        array = self._arrays(name)
        try:
            return array.content(in_array.name, in_array.row)
        except KeyError:
            raise Undecodable(MISSING) from None
        except (MemoryError, Refusal):
            raise
        except Exception as error:
            raise undecodable(error, b"") from None


def image_into(out: Shaped[np.ndarray, "h w c"], contents: Contents, form: PixelForm) -> DecodedPixels:
    """Fill `out` in `form`; return what was read. Raises Undecodable."""
    if len(contents.files) == 1:
        (content,), numbers = contents.files, contents.numbers
        image = _read(content, form) if numbers is None else _laid(content, numbers, form)
        out[:] = resized(image.pixels, form)
        return image
    planes = [_read(content, form.plane) for content in contents.files]
    for channel, plane in enumerate(planes):
        out[:, :, channel] = resized(plane.pixels, form.plane)[:, :, 0]
    return planes[0]


def numbers_in(contents: Contents, form: PixelForm) -> list[Samples]:
    """What an image that can be read is made of, as it was before `form`, which has a range, scaled it."""
    if contents.numbers is not None:
        return [_numbers_laid(contents.files[0], contents.numbers)]
    one = form if len(contents.files) == 1 else form.plane
    return [samples for content in contents.files if (samples := _samples(content, one)) is not None]


def _numbers_laid(content: bytes, lie: InRecord) -> Samples:
    return np.frombuffer(content, np.float32).reshape(lie.height, lie.width, len(lie.fields) or 1)


def _laid(content: bytes, lie: InRecord, form: PixelForm) -> DecodedPixels:
    numbers = _numbers_laid(content, lie)
    return _decoded(whole_bytes(numbers) if form.range is None else numbers, form)


def _read(content: bytes, form: PixelForm) -> DecodedPixels:
    if not content:
        raise Undecodable("the file is empty")
    try:
        samples = _samples(content, form)
        if samples is not None:
            return _decoded(samples, form)
        return decode(content, form.channels, lambda height, width: scaled_size(height, width, form))
    except (MemoryError, Refusal, Undecodable):
        raise
    except Exception as error:  # codecs meet hostile bytes with any error there is
        raise undecodable(error, content) from error


def _samples(content: bytes, form: PixelForm) -> Samples | None:
    """As the file holds them; None for what is no more than an image of bytes."""
    if is_dicom(content):
        return dicom_samples(content, form.channels, windowed=form.range is None)
    if content.startswith((NPY_MARK, NPZ_MARK, PARQUET_MARK)):
        return array_samples(content, form.channels)
    if form.range is not None or form.channels not in (1, 3):
        return (tiff_samples if is_tiff(content) else image_samples)(content, form.channels)
    return None


def _decoded(samples: Samples, form: PixelForm) -> DecodedPixels:
    pixels = scaled_samples(with_channels(samples, form.channels), form.range)
    return DecodedPixels(np.ascontiguousarray(pixels), *pixels.shape[:2])


def _image_file(value: Any) -> bytes:
    if isinstance(value, str):
        return base64.b64decode(value.partition("base64,")[2] or value)
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return value["bytes"]  # a parquet file's images, as the `datasets` library writes them
    if not isinstance(value, bytes):
        raise ValueError(f"it is {type(value).__name__}, not an image file")
    return value


def _numbers(records: RecordFile, image: InRecord) -> np.ndarray:
    if image.pattern:
        planes = [records.numbers(image.place, image.pattern)]
    else:
        record = records.at(image.place)
        planes = [_plane(value_at(record, field)) for field in image.fields]
    for plane in planes:
        if plane.size != image.height * image.width:
            raise ValueError(f"{plane.size} numbers are not {image.height} x {image.width}")
    return np.stack(planes, axis=-1)


def _plane(value: Any) -> np.ndarray:
    return np.array(value.split() if isinstance(value, str) else value, np.float32).ravel()
