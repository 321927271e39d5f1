"""From a picture's address to its pixels in the form of the cache, whatever it is and wherever it lies."""

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
from foldline.pixels.decoding import Picture, decode
from foldline.pixels.dicom import dicom_samples, is_dicom
from foldline.pixels.resizing import PixelForm, resized, scaled_size
from foldline.pixels.samples import (
    NPY_MARK,
    NPZ_MARK,
    PARQUET_MARK,
    Samples,
    array_samples,
    picture_samples,
    scaled_samples,
    whole_bytes,
    with_channels,
)
from foldline.pixels.tiff import is_tiff, tiff_samples
from foldline.pixels.undecodable import Undecodable, undecodable


@dataclass(frozen=True)
class Contents:
    """What a picture is made of."""

    files: tuple[bytes, ...]
    """Its file; of a picture whose channels are files all of them; of numbers these as float32."""
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


class PictureFiles:
    """The archives, and the files of records and of arrays in them that are open."""

    def __init__(self, archives: Archives) -> None:
        self.archives = archives
        self._records = cache(lambda name: file_of_records(archives.file(name), name))
        self._arrays = cache(lambda name: open_array_file(archives.file(name), name))

    def contents(self, address: str) -> Contents:
        """Of the picture at `address` (archive/addresses.py).

        Raises Refusal for a missing or damaged archive, Undecodable for a file that is not there, or a record without
        the picture.
        """
        in_record = parse_in_record(address)
        if in_record is None:
            return Contents(tuple(map(self._content, places_of(address))))
        name, picture = in_record
        records = self._records(name)
        try:
            if picture.height == 0:
                return Contents((_image_file(value_at(records.at(picture.place), picture.fields[0])),))
            return Contents((_numbers(records, picture).tobytes(),), picture)
        except MemoryError:
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


def picture_into(place: Shaped[np.ndarray, "h w c"], contents: Contents, form: PixelForm) -> Picture:
    """Fill `place` in `form`; return what was read. Raises Undecodable."""
    if len(contents.files) == 1:
        (content,), numbers = contents.files, contents.numbers
        picture = _read(content, form) if numbers is None else _laid(content, numbers, form)
        place[:] = resized(picture.pixels, form)
        return picture
    planes = [_read(content, form.plane) for content in contents.files]
    for channel, plane in enumerate(planes):
        place[:, :, channel] = resized(plane.pixels, form.plane)[:, :, 0]
    return planes[0]


def numbers_in(contents: Contents, form: PixelForm) -> list[Samples]:
    """What a picture that can be read is made of, as it was before `form`, which has a range, scaled it."""
    if contents.numbers is not None:
        return [_numbers_laid(contents.files[0], contents.numbers)]
    one = form if len(contents.files) == 1 else form.plane
    return [samples for content in contents.files if (samples := _samples(content, one)) is not None]


def _numbers_laid(content: bytes, lie: InRecord) -> Samples:
    return np.frombuffer(content, np.float32).reshape(lie.height, lie.width, len(lie.fields) or 1)


def _laid(content: bytes, lie: InRecord, form: PixelForm) -> Picture:
    numbers = _numbers_laid(content, lie)
    return _picture(whole_bytes(numbers) if form.range is None else numbers, form)


def _read(content: bytes, form: PixelForm) -> Picture:
    if not content:
        raise Undecodable("the file is empty")
    try:
        samples = _samples(content, form)
        if samples is not None:
            return _picture(samples, form)
    except (MemoryError, Refusal, Undecodable):
        raise
    except Exception as error:  # codecs meet hostile bytes with any error there is
        raise undecodable(error, content) from error
    return decode(content, form.channels, lambda height, width: scaled_size(height, width, form))


def _samples(content: bytes, form: PixelForm) -> Samples | None:
    """As the file holds them; None for what is no more than a picture of bytes."""
    if is_dicom(content):
        return dicom_samples(content, form.channels, windowed=form.range is None)
    if content.startswith((NPY_MARK, NPZ_MARK, PARQUET_MARK)):
        return array_samples(content, form.channels)
    if form.range is not None or form.channels not in (1, 3):
        return (tiff_samples if is_tiff(content) else picture_samples)(content, form.channels)
    return None


def _picture(samples: Samples, form: PixelForm) -> Picture:
    pixels = scaled_samples(with_channels(samples, form.channels), form.range)
    return Picture(np.ascontiguousarray(pixels), *pixels.shape[:2])


def _image_file(value: Any) -> bytes:
    if isinstance(value, str):
        return base64.b64decode(value.partition("base64,")[2] or value)
    if isinstance(value, dict) and isinstance(value.get("bytes"), bytes):
        return value["bytes"]  # a parquet file's images, as the `datasets` library writes them
    if not isinstance(value, bytes):
        raise ValueError(f"it is {type(value).__name__}, not an image file")
    return value


def _numbers(records: RecordFile, picture: InRecord) -> np.ndarray:
    if picture.pattern:
        planes = [records.numbers(picture.place, picture.pattern)]
    else:
        record = records.at(picture.place)
        planes = [_plane(value_at(record, field)) for field in picture.fields]
    for plane in planes:
        if plane.size != picture.height * picture.width:
            raise ValueError(f"{plane.size} numbers are not {picture.height} x {picture.width}")
    return np.stack(planes, axis=-1)


def _plane(value: Any) -> np.ndarray:
    return np.array(value.split() if isinstance(value, str) else value, np.float32).ravel()
