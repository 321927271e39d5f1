"""Images that look as if the card's `layout.range` were not theirs, each finding in one sentence."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

LOOKED_AT = 1_000
LEAST_SPAN = 1.0
"""Of an image's values, of the 255 that the cache has: in half precision less is one value or two."""
NARROW_SPAN = 25.5
"""A tenth: 12 bits of 16 take a sixteenth."""
MOST_AVERAGED = 8
"""Rows of an image for one of the cache: the mean of more of them takes a tenth of the range where all is noise."""
OUTSIDE = 0.1
"""Of all values the share beyond the range that bright spots and noise do not reach."""

WRITE = "Write as layout.range the lowest and the highest number that most files hold."

Range = tuple[float, float] | None


def pixel_warnings(images: pd.DataFrame, image_at: Callable[[int], np.ndarray], value_range: Range) -> Iterator[str]:
    """images: as in their tables. image_at: the cache's image at an index; some are looked at."""
    indices = images.loc[images["error"].isna(), "cache_index"].unique()
    chosen = indices[:: max(1, len(indices) // LOOKED_AT)]
    if not len(chosen):
        return
    measures = [_measured(image_at(index)) for index in chosen.tolist()]
    low, high, outside = np.array(measures, np.float64).reshape(-1, 3).T
    is_flat, is_narrow = high - low < LEAST_SPAN, high - low < NARROW_SPAN
    if 2 * is_flat.sum() > len(chosen):
        yield _flat(low[is_flat], high[is_flat], len(chosen), value_range)
    elif 2 * is_narrow.sum() > len(chosen) and (value_range is None or _is_seen_whole(images, image_at(chosen[0]))):
        yield _narrow(low.min(), high.max(), value_range)
    elif value_range is not None and outside.mean() > OUTSIDE:
        least, greatest = _numbers(low.min(), high.max(), value_range)
        yield (
            f"{outside.mean():.0%} of the images' numbers lie outside of layout.range, {list(value_range)}, and are "
            f"not clipped: they go from about {least:.3g} to {greatest:.3g}. {WRITE}"
        )


def _is_seen_whole(images: pd.DataFrame, image: np.ndarray) -> bool:
    """Whether most images are not so much larger than `image`, one of the cache, that their noise is lost there."""
    height, width = image.shape[:2]
    readable = images[images["error"].isna()]
    most = np.maximum(readable["height"] / height, readable["width"] / width)
    return bool(most.median() <= MOST_AVERAGED)


def _measured(image: np.ndarray) -> tuple[float, float, float]:
    """The lowest and the highest value, and the share outside of 0 to 255."""
    low, high = image.min(), image.max()
    outside = 0.0 if image.dtype == np.uint8 else ((image < -LEAST_SPAN) | (image > 255 + LEAST_SPAN)).mean()
    return float(low), float(high), float(outside)


def _numbers(low: float, high: float, value_range: Range) -> tuple[float, float]:
    """The files' numbers that the cache has as `low` and `high`."""
    first, last = value_range or (0, 255)
    return first + (last - first) / 255 * low, first + (last - first) / 255 * high


def _flat(low: np.ndarray, high: np.ndarray, seen: int, value_range: Range) -> str:
    """The range is far too wide, or images are read wrongly."""
    least, greatest = _numbers(low.min(), high.max(), value_range)
    cure = "Look at some of them, and at layout.channels."
    if value_range is not None:
        cure = f"layout.range is {list(value_range)}. {WRITE}"
    return f"{len(low):,} of {seen:,} images are of one value each, from {least:.3g} to {greatest:.3g}. {cure}"


def _narrow(low: float, high: float, value_range: Range) -> str:
    least, greatest = _numbers(low, high, value_range)
    takes, lie = "Most images take less than a tenth of", f"all lie between about {least:.3g} and {greatest:.3g}"
    if value_range is not None:
        return f"{takes} layout.range, {list(value_range)}: {lie}. {WRITE}"
    return (
        f"{takes} the range of bytes, 0 to 255: {lie}. Files of 16-bit samples, of which this is the high byte, need "
        f"a layout.range. {WRITE} By this it is [{256 * low:g}, {256 * high + 255:g}]."
    )
