"""Pictures that look as if the card's `layout.range` were not theirs, each finding in one sentence."""

from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd

LOOKED_AT = 1_000
LEAST_SPAN = 1.0
"""Of a picture's values, of the 255 that the cache has: in half precision less is one value or two."""
NARROW_SPAN = 25.5
"""A tenth: 12 bits of 16 take a sixteenth."""
MOST_AVERAGED = 8
"""Lines of a picture for one of the cache: the mean of more of them takes a tenth of the range where all is noise."""
OUTSIDE = 0.1
"""Of all values the share beyond the range that bright spots and noise do not reach."""

Range = tuple[float, float] | None


def pixel_suspicions(
    images: pd.DataFrame, picture_at: Callable[[int], np.ndarray], value_range: Range
) -> Iterator[str]:
    """images: as in their tables. picture_at: the cache's picture at a position; some are looked at."""
    positions = images.loc[images["error"].isna(), "position"].unique()
    chosen = positions[:: max(1, len(positions) // LOOKED_AT)]
    if not len(chosen):
        return
    measures = [_measured(picture_at(position)) for position in chosen.tolist()]
    low, high, outside = np.array(measures, np.float64).reshape(-1, 3).T
    if 2 * (high - low < LEAST_SPAN).sum() > len(chosen):
        yield _flat(low, high, value_range)
    elif 2 * (high - low < NARROW_SPAN).sum() > len(chosen) and (
        value_range is None or _is_seen_whole(images, picture_at(chosen[0]))
    ):
        yield _narrow(low.min(), high.max(), value_range)
    elif value_range is not None and outside.mean() > OUTSIDE:
        least, greatest = _numbers(low.min(), high.max(), value_range)
        yield (
            f"{outside.mean():.0%} of the pictures' numbers lie outside of layout.range, {list(value_range)}, and are "
            f"not cut off there: they go from about {least:.3g} to {greatest:.3g}. Write the lowest and the highest "
            "number that most files hold."
        )


def _is_seen_whole(images: pd.DataFrame, picture: np.ndarray) -> bool:
    """Whether most pictures are not so much larger than `picture`, one of the cache, that their noise is lost there."""
    height, width = picture.shape[:2]
    readable = images[images["error"].isna()]
    most = np.maximum(readable["height"] / height, readable["width"] / width)
    return bool(most.median() <= MOST_AVERAGED)


def _measured(picture: np.ndarray) -> tuple[float, float, float]:
    """The lowest and the highest value, and the share outside of 0 to 255."""
    low, high = picture.min(), picture.max()
    outside = 0.0 if picture.dtype == np.uint8 else ((picture < -LEAST_SPAN) | (picture > 255 + LEAST_SPAN)).mean()
    return float(low), float(high), float(outside)


def _numbers(low: float, high: float, value_range: Range) -> tuple[float, float]:
    """The files' numbers that the cache has as `low` and `high`."""
    first, last = value_range or (0, 255)
    return first + (last - first) / 255 * low, first + (last - first) / 255 * high


def _flat(low: np.ndarray, high: np.ndarray, value_range: Range) -> str:
    """The range is far too wide, or pictures are read wrongly."""
    is_flat = high - low < LEAST_SPAN
    least, greatest = _numbers(low[is_flat].min(), high[is_flat].max(), value_range)
    cure = (
        "Look at some of them, and at layout.channels."
        if value_range is None
        else f"layout.range is {list(value_range)}: write the lowest and the highest number that most files hold."
    )
    return (
        f"{is_flat.sum():,} of {len(low):,} pictures are of one value each, from {least:.3g} to {greatest:.3g}. {cure}"
    )


def _narrow(low: float, high: float, value_range: Range) -> str:
    if value_range is None:
        return (
            f"Most pictures take less than a tenth of what bytes can say: all lie between {low:g} and {high:g} of 0 to "
            "255. Where files have samples of 16 bits, whose high byte this is, write as layout.range the lowest and "
            f"the highest number that they hold, by this [{256 * low:g}, {256 * high + 255:g}]."
        )
    least, greatest = _numbers(low, high, value_range)
    return (
        f"Most pictures take less than a tenth of layout.range, {list(value_range)}: all lie between about {least:.3g} "
        f"and {greatest:.3g}. Write the lowest and the highest number that most files hold."
    )
