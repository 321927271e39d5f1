"""A card's `layout.range` held against the numbers that the first images hold."""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Bool, Shaped

from foldline.archive.addresses import shown_address
from foldline.files.refusal import Refusal
from foldline.pixels.reading import PictureFiles, numbers_in
from foldline.pixels.resizing import PixelForm

FAR_RANGES = 20
"""A number that lies so many widths of the range outside of it is far away. The air in a CT, at -1000, is 12.5 widths
below a window for brains, [0, 80], which somebody may want; of bytes, [0, 1] leaves all but the darkest far away."""
REREAD = 20


def refuse_other_range(
    files: PictureFiles, form: PixelForm, paths: Sequence[str], pixels: Shaped[np.ndarray, "images height width c"]
) -> None:
    """For a form with a range: raises Refusal when most numbers of most pictures lie far outside of the range.

    paths, pixels: of pictures that were read, in the form of the cache, where the range goes from 0 to 255.
    """
    far = _lie_far_away(pixels)
    if 2 * far.sum() <= len(paths):
        return
    chosen = [path for path, is_far in zip(paths, far, strict=True) if is_far]
    found = list(_extremes(files, form, chosen[:REREAD]))
    low, high = min(low for low, _, _ in found), max(high for _, high, _ in found)
    cure = (
        "Their samples are bytes, for which the card says `range: null`."
        if all(is_byte for *_, is_byte in found)
        else f"Write the lowest and the highest number that most files hold, [{low:g}, {high:g}] by these."
    )
    raise Refusal(
        f"{files.archives.folder}: most numbers of {len(chosen):,} of the first {len(paths):,} images lie far outside "
        f"of layout.range, {list(form.range or ())} in the card: they go from {low:g} to {high:g} in "
        f"{shown_address(chosen[0])} and the next ones. {cure}"
    )


def _lie_far_away(pixels: Shaped[np.ndarray, "images height width c"]) -> Bool[np.ndarray, " images"]:
    limit = FAR_RANGES * 255
    return ((pixels < -limit) | (pixels > 255 + limit)).mean(axis=(1, 2, 3)) > 0.5


def _extremes(files: PictureFiles, form: PixelForm, paths: Sequence[str]) -> Iterator[tuple[float, float, bool]]:
    """Of each picture the lowest and the highest number in its files, and whether they are bytes: the cache has them
    smoothed, and only up to float16's limit."""
    for path in paths:
        planes = numbers_in(files.contents(path), form)
        numbers = np.concatenate([plane.ravel() for plane in planes])
        numbers = numbers[np.isfinite(numbers)]  # some are left: the cache has 0 for all others, near the range
        yield float(numbers.min()), float(numbers.max()), all(plane.dtype == np.uint8 for plane in planes)
