"""Containers beside zip: tar and 7z archives, DICOM files, BSON documents, TFRecords."""

import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
import py7zr
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, generate_uid

from tests.competitions.drawing import pixels


def tarred(files: Mapping[str, bytes], compression: Literal["", "gz"] = "") -> bytes:
    stored = io.BytesIO()
    mode: Literal["w:", "w:gz"] = f"w:{compression}"
    with tarfile.open(fileobj=stored, mode=mode) as archive:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return stored.getvalue()


def seven_zipped(files: Mapping[str, bytes]) -> bytes:
    stored = io.BytesIO()
    with py7zr.SevenZipFile(stored, "w") as archive:
        for path, content in files.items():
            archive.writestr(content, path)
    return stored.getvalue()


def dicom(seed: int, inverted: bool = False, jpeg2000: bool = False) -> bytes:
    """A grey image of 12 bits; inverted: dark means dense, as in MONOCHROME1."""
    grey = pixels(seed, channels=1)[..., 0].astype(np.uint16) * 16
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEG2000Lossless if jpeg2000 else ExplicitVRLittleEndian
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.2"
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.Rows, dataset.Columns = grey.shape
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PhotometricInterpretation = "MONOCHROME1" if inverted else "MONOCHROME2"
    dataset.WindowCenter, dataset.WindowWidth = 2048, 4096
    dataset.PixelData = encapsulate([_codestream(grey)]) if jpeg2000 else grey.tobytes()
    stored = io.BytesIO()
    dataset.save_as(stored, enforce_file_format=True)
    return stored.getvalue()


def _codestream(grey: np.ndarray) -> bytes:
    stored = io.BytesIO()
    Image.fromarray(grey).save(stored, "JPEG2000", irreversible=False, no_jp2=True)
    return stored.getvalue()


def bson(document: Mapping[str, object]) -> bytes:
    """A document of whole numbers, texts, bytes, lists and documents (bsonspec.org)."""
    elements = b"".join(_element(name, value) for name, value in document.items())
    return struct.pack("<i", len(elements) + 5) + elements + b"\0"


def _element(name: str, value: object) -> bytes:
    key = name.encode() + b"\0"
    if isinstance(value, int):
        return b"\x10" + key + struct.pack("<i", value)
    if isinstance(value, str):
        return b"\x02" + key + struct.pack("<i", len(value.encode()) + 1) + value.encode() + b"\0"
    if isinstance(value, bytes):
        return b"\x05" + key + struct.pack("<ib", len(value), 0) + value
    if isinstance(value, list):
        return b"\x04" + key + bson({str(place): item for place, item in enumerate(value)})
    if isinstance(value, Mapping):
        return b"\x03" + key + bson(value)
    raise TypeError(f"{name} is {type(value).__name__}")


def tf_record(examples: Sequence[Mapping[str, object]]) -> bytes:
    """A TFRecord file; its checksums are zeros."""
    contents = [tf_example(example) for example in examples]
    return b"".join(struct.pack("<QI", len(content), 0) + content + bytes(4) for content in contents)


def tf_example(values: Mapping[str, object]) -> bytes:
    """A message tf.train.Example of bytes, whole numbers, floats, or lists of one of these."""
    entries = b"".join(_message(1, _message(1, name.encode()) + _message(2, _feature(v))) for name, v in values.items())
    return _message(1, entries)


def _feature(value: object) -> bytes:
    values = value if isinstance(value, list) else [value]
    if not values:
        return b""
    if isinstance(values[0], bytes):
        return _message(1, b"".join(_message(1, item) for item in values))
    if isinstance(values[0], float):
        return _message(2, _message(1, struct.pack(f"<{len(values)}f", *values)))
    return _message(3, _message(1, b"".join(_varint(item % 2**64) for item in values)))


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    return (bytes([value & 0x7F | 0x80]) + _varint(value >> 7)) if value > 0x7F else bytes([value])
