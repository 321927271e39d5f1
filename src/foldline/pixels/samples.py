"""Images whose samples are numbers of any width, in any number of channels, become what the cache holds."""

import io

import cv2
import numpy as np
import pyarrow
import pyarrow.parquet
from jaxtyping import Shaped

from foldline.archive.addresses import loaded_array
from foldline.files.refusal import listed
from foldline.pixels.headers import UPRIGHT, opened, orientation_of
from foldline.pixels.undecodable import RANGE_CURE, Undecodable, refuse_size

OPENCV_CHANNEL_ORDER = {"L": [0], "I;16": [0], "I;16B": [0], "RGB": [2, 1, 0], "RGBA": [2, 1, 0, 3]}
"""By Pillow's modes."""
PNG_COLOUR_TYPE, PNG_GREY_AND_ALPHA = 25, 4
"""A byte of the header."""
NPY_MARK = b"\x93NUMPY"
NPZ_MARK = b"PK\x03\x04"
PARQUET_MARK = b"PAR1"
LARGEST_NUMBER = 8
"""Bytes of a float64."""
LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
"""Of red, green and blue, as in ITU-R BT.601."""
LARGEST_KEPT = np.finfo(np.float16).max
"""The cache's numbers are float16, and one that is infinite there makes a training's loss NaN."""

Samples = Shaped[np.ndarray, "height width channels"]


def array_samples(content: bytes, channels: int) -> Samples:
    """The array of a .npy file, the only one of a .npz, or a parquet file's columns of numbers side by side (a
    spectrogram); the axis as long as `channels` says is the channels'."""
    if content.startswith(PARQUET_MARK):
        return channels_last(_columns(content), channels)
    return channels_last(_array(content), channels)


def _array(content: bytes) -> np.ndarray:
    loaded = loaded_array(content)
    if isinstance(loaded, np.ndarray):
        return loaded
    if len(loaded.files) != 1:
        raise Undecodable(f"it holds {len(loaded.files)} arrays, not one")
    inner = loaded.zip.infolist()[0]
    refuse_size(len(content), inner.file_size // LARGEST_NUMBER, 1, LARGEST_NUMBER)
    return loaded_array(loaded.zip.read(inner))


def _columns(content: bytes) -> Shaped[np.ndarray, "rows columns"]:
    file = pyarrow.parquet.ParquetFile(io.BytesIO(content))
    refuse_size(len(content), file.metadata.num_rows, file.metadata.num_columns, LARGEST_NUMBER)
    table = file.read()
    numbers = [name for name in table.schema.names if pyarrow.types.is_primitive(table.schema.field(name).type)]
    if not numbers:
        raise Undecodable(f"none of its columns are numbers: {listed(table.schema.names)}")
    return np.column_stack([table[name].to_numpy() for name in numbers])


def image_samples(content: bytes, channels: int) -> Samples:
    """The samples of an image file that is no TIFF (tiff.py) in their own width, all its channels, upright."""
    image, content = opened(content)
    orientation = orientation_of(image)
    if image.mode not in OPENCV_CHANNEL_ORDER:
        wanted = "RGBA" if image.has_transparency_data else "RGB"
        image = image.convert(wanted) if image.mode in ("P", "CMYK", "YCbCr") else image
        return channels_last(np.ascontiguousarray(UPRIGHT[orientation](np.asarray(image))), channels)
    # Grey with transparency, which in 16 bits Pillow has no mode for.
    is_grey = image.format == "PNG" and content[PNG_COLOUR_TYPE] == PNG_GREY_AND_ALPHA
    order = [0, 3] if is_grey else OPENCV_CHANNEL_ORDER[image.mode]
    # Pillow keeps 8 of the 16 bits of a colour image.
    pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise Undecodable("OpenCV cannot read it")
    return np.ascontiguousarray(UPRIGHT[orientation](np.atleast_3d(pixels))[:, :, order])


def channels_last(array: np.ndarray, channels: int) -> Samples:
    """Raises Undecodable for an array that has no axis of `channels`, nor is a plane, and for one without samples."""
    if array.size == 0:
        raise Undecodable(f"it is of shape {array.shape}: there is nothing in it")
    if array.ndim == 2:
        return array[:, :, np.newaxis]
    if array.ndim == 3 and array.shape[2] == channels:
        return array
    if array.ndim == 3 and array.shape[0] == channels:
        return np.ascontiguousarray(array.transpose(1, 2, 0))
    if array.ndim == 3 and array.shape[2] in (1, 3):
        return array
    raise Undecodable(f"it is of shape {array.shape}, which has no {channels} channels (the card's layout.channels)")


def with_channels(samples: Samples, channels: int) -> Shaped[np.ndarray, "height width kept"]:
    """Grey for colour and colour for grey. Raises Undecodable for another number of channels than the card's."""
    found = samples.shape[2]
    if found == channels:
        return samples
    if found == 1 and channels == 3:
        return np.repeat(samples, 3, axis=2)
    if found == 3 and channels == 1:
        return (samples.astype(np.float32) @ LUMINANCE)[:, :, np.newaxis].astype(samples.dtype)
    raise Undecodable(f"it has {found} channels, not {channels} (the card's layout.channels)")


def scaled_samples(samples: Samples, value_range: tuple[float, float] | None) -> Samples:
    """With a range float32, its ends at 0 and 255, NaN as 0, outliers cut off where float16 ends; without one uint8:
    the high byte of wider samples."""
    if value_range is not None:
        low, high = value_range
        scaled = np.nan_to_num((samples.astype(np.float32) - low) * np.float32(255 / (high - low)), posinf=0, neginf=0)
        return np.clip(scaled, -LARGEST_KEPT, LARGEST_KEPT)
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype.newbyteorder("=") == np.uint16:
        return (samples >> 8).astype(np.uint8)
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * 255
    raise Undecodable(f"its samples are {samples.dtype} and have no fixed range: {RANGE_CURE}")


def whole_bytes(numbers: Samples) -> Samples:
    """Numbers of a record, which has no types, as uint8. Raises Undecodable when they are no bytes."""
    if ((numbers < 0) | (numbers > 255) | (numbers != np.round(numbers))).any():
        raise Undecodable(f"its numbers go from {numbers.min():g} to {numbers.max():g}: {RANGE_CURE}")
    return numbers.astype(np.uint8)
