"""Which files are pictures, by their names."""

from collections.abc import Sequence
from posixpath import splitext

PICTURES = (
    ".jpg", ".jpeg", ".jfif", ".png", ".tif", ".tiff", ".bmp", ".gif", ".webp", ".jp2", ".ppm", ".pgm", ".dcm", ".dicom"
)  # fmt: skip
ARRAYS = (".npy", ".npz")
"""Pictures only where the rows' pictures are such files."""


def suffix_of(name: str) -> str:
    return splitext(name)[1].lower()


def pictures_among(names: Sequence[str]) -> Sequence[str]:
    """Files that differ in suffix alone: of a picture and what describes it (.xml, .txt) the picture. All of them where
    none is known as a picture: of DICOM files the suffix may be anything."""
    for suffixes in (PICTURES, ARRAYS):
        if pictures := [name for name in names if suffix_of(name) in suffixes]:
            return pictures
    return names
