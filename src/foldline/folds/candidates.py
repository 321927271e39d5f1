"""Pairs of close 64-bit hashes among a million, without comparing each with each."""

from collections.abc import Iterator

import numpy as np
from jaxtyping import Int64

BANDS = 4
BAND_BITS = 16
FLIPS = (0, *(1 << bit for bit in range(BAND_BITS)))
FARTHEST = 2 * BANDS - 1
"""Hashes that differ in at most 7 of 64 bits agree in one of four bands but for one bit."""
CROWD = 1_000
"""A band's value that more images share says nothing, and comparing them all would take for ever."""
BLOCK_PAIRS = 4_000_000


def close_pairs(
    base: Int64[np.ndarray, " images"], queries: Int64[np.ndarray, " images"]
) -> Int64[np.ndarray, "pairs 2"]:
    """All (i, j), i < j, for which a query of one is close to the base of the other.

    Source: Norouzi, Punjani and Fleet, Fast Search in Hamming Space with Multi-Index Hashing, 2012.
    """
    count = len(base)
    found = [np.zeros(0, np.int64)]
    for band in range(BANDS):
        for left, right in _sharing_a_band(_band(base, band), _band(queries, band)):
            close = (left != right) & (np.bitwise_count(queries[left] ^ base[right]) <= FARTHEST)
            left, right = left[close], right[close]
            found.append(np.unique(np.minimum(left, right) * count + np.maximum(left, right)))
    pairs = np.unique(np.concatenate(found))
    return np.stack([pairs // count, pairs % count], axis=1) if count else np.zeros((0, 2), np.int64)


def _band(hashes: np.ndarray, band: int) -> np.ndarray:
    return (hashes >> (band * BAND_BITS)) & ((1 << BAND_BITS) - 1)


def _sharing_a_band(base: np.ndarray, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Blocks of (query, base) numbers whose band values differ in at most one bit."""
    order = np.argsort(base, kind="stable")
    starts = np.searchsorted(base[order], np.arange((1 << BAND_BITS) + 1))
    for flip in FLIPS:
        values = queries ^ flip
        first, sizes = starts[values], starts[values + 1] - starts[values]
        sizes[sizes > CROWD] = 0
        ends = np.cumsum(sizes)
        cuts = np.searchsorted(ends, np.arange(BLOCK_PAIRS, ends[-1] if len(ends) else 0, BLOCK_PAIRS))
        for block in np.split(np.arange(len(queries)), cuts):
            left = np.repeat(block, sizes[block])
            before = np.repeat(np.cumsum(sizes[block]) - sizes[block], sizes[block])
            yield left, order[np.repeat(first[block], sizes[block]) + np.arange(len(left)) - before]
