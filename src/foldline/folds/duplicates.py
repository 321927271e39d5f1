"""Near-duplicates: candidates by exact and perceptual hash, then verified on the pixels.

A hash alone joins what is different: chained by close hashes, a third of the handwritten digits are one group.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import cv2
import numpy as np
import pandas as pd
from jaxtyping import Float32, Int64
from scipy.cluster.hierarchy import DisjointSet

from foldline.files.progress import progress
from foldline.folds.alignment import CERTAIN, Alignment, Thumbnail, align
from foldline.pixels.cached_pixels import CachedPixels
from foldline.pixels.hashing import SIDE_PIXELS, Thumbnails, perceptual_hashes, thumbnail

CROPPED_FRACTIONS = (0.0, 0.01, 0.02, 0.03)
"""What a copy may have lost at each side, for the hash; the alignment finds what lies between."""
FLAT = 2.0
"""Standard deviation, in grey levels, below which there is nothing to compare."""
ALIKE = 0.75
"""Correlation, before alignment, below which a pair is not worth aligning."""
LEAST_DETAIL_CORRELATION = 0.6
"""The limit lies between this and CERTAIN: a competition full of copies must not raise it out of reach."""
SAMPLED_IMAGES = 48
SAMPLED_AMONG = 4_096
UNRELATED_RANK = 10
"""The neighbour that is taken for unrelated: an image has fewer copies than that. Where most of these neighbours pass
for copies, which the burst of a camera or prepared variants are, the one at twice the rank is tried."""
OUTLYING = 3.5
"""Standard deviations by which copies stand out from unrelated neighbours."""
BLOCK = 4_096
MOST_REFUSALS = 8
"""Two images that were both found different from so many, each more alike, are compared no more: where all look alike
(X-rays, characters) the search would take the square of their number."""
LIKENESS_STEPS = 1_000
"""Steps of the correlation by which candidates are ordered: machines differ in digits beyond."""
BANDS = 4
BAND_BITS = 16
FLIPS = (0, *(1 << bit for bit in range(BAND_BITS)))
FARTHEST = 2 * BANDS - 1
"""Hashes that differ in at most 7 of 64 bits agree in one of four bands but for one bit."""
CROWD = 1_000
"""A band's value that more images share says nothing, and comparing them all would take forever."""
BLOCK_PAIRS = 4_000_000


def near_duplicate_pairs(images: pd.DataFrame, pixels: CachedPixels) -> pd.DataFrame:
    """Pairs of indices into the cache that hold the same image: columns first, second, first < second, sorted; and
    difference, of their thumbnails the greatest, in grey levels.

    images: cache_index, exact_hash, perceptual_hash and error of each (repeated indices count once). pixels: the cache,
    count x height x width x channels, uint8. Found are exact copies, and copies re-encoded, resized, brightened or
    cropped by up to 3 % per side. Of n copies of one image n - 1 pairs are listed: they connect all. Memory: 1 KiB an
    image; comparisons: at most nine an image.
    """
    readable = images[images["error"].isna()].drop_duplicates("cache_index").sort_values("cache_index")
    chosen = readable.drop_duplicates("exact_hash")
    first_of = dict(zip(chosen["exact_hash"], chosen["cache_index"], strict=True))
    equal = readable[~readable["cache_index"].isin(chosen["cache_index"])]
    exact = [(first_of[row.exact_hash], row.cache_index) for row in equal.itertuples()]
    indices = chosen["cache_index"].to_numpy(np.int64)
    thumbnails = _thumbnails(pixels, indices)
    same = _verified(_candidates(chosen["perceptual_hash"].to_numpy(np.int64), thumbnails), thumbnails)
    pairs = np.sort(np.concatenate([np.array(exact, np.int64).reshape(-1, 2), indices[same].reshape(-1, 2)]), axis=1)
    found = pd.DataFrame(pairs, columns=["first", "second"])
    apart = [np.abs(thumbnails[a].astype(int) - thumbnails[b]).max() for a, b in same]
    return found.assign(difference=[0] * len(exact) + apart).sort_values(["first", "second"], ignore_index=True)


def _thumbnails(pixels: CachedPixels, indices: np.ndarray) -> Thumbnails:
    thumbnails = np.empty((len(indices), SIDE_PIXELS, SIDE_PIXELS), np.uint8)
    for number, index in enumerate(progress(indices, desc="thumbnails", unit="image")):
        thumbnails[number] = thumbnail(pixels[index])
    return thumbnails


def _candidates(hashes: Int64[np.ndarray, " images"], thumbnails: Thumbnails) -> Int64[np.ndarray, "pairs 2"]:
    """Pairs of numbers of thumbnails, the most alike first: close in hash, one of the two cropped or not, and roughly
    alike."""
    structured = np.flatnonzero([cv2.meanStdDev(thumbnail)[1] >= FLAT for thumbnail in thumbnails])
    hashes, thumbnails = hashes[structured], thumbnails[structured]
    found = [close_pairs(hashes, perceptual_hashes(thumbnails, fraction)) for fraction in CROPPED_FRACTIONS]
    pairs = np.unique(np.concatenate(found), axis=0)
    alike = [_correlations(thumbnails, pairs[start : start + BLOCK]) for start in range(0, len(pairs), BLOCK)]
    likeness = np.round(np.concatenate([np.zeros(0), *alike]) * LIKENESS_STEPS)
    order = np.argsort(-likeness, kind="stable")
    return structured[pairs[order[likeness[order] >= ALIKE * LIKENESS_STEPS]]]


def _correlations(thumbnails: Thumbnails, pairs: np.ndarray) -> np.ndarray:
    return np.einsum("pi,pi->p", _normalised(thumbnails[pairs[:, 0]]), _normalised(thumbnails[pairs[:, 1]]))


def _normalised(thumbnails: Thumbnails) -> Float32[np.ndarray, "images pixels"]:
    flat = thumbnails.reshape(len(thumbnails), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1)


def _verified(pairs: Int64[np.ndarray, "pairs 2"], thumbnails: Thumbnails) -> Int64[np.ndarray, "same 2"]:
    """Those of `pairs` that hold the same image and are not connected by earlier ones: n - 1 of n copies."""
    least = cache(lambda: _least_detail_correlation(thumbnails))
    clusters, refusals, same = DisjointSet(np.unique(pairs).tolist()), Counter[int](), []
    for first, second in progress(pairs.tolist(), desc="comparing", unit="pair"):
        if clusters.connected(first, second) or min(refusals[first], refusals[second]) >= MOST_REFUSALS:
            continue
        if _is_same(thumbnails[first], thumbnails[second], least):
            clusters.merge(first, second)
            same.append((first, second))
        else:
            refusals.update((first, second))
    return np.array(same, np.int64).reshape(-1, 2)


def _is_same(first: Thumbnail, second: Thumbnail, least: Callable[[], float]) -> bool:
    alignment = align(first, second)
    if alignment is None or not alignment.is_of_one_image:
        return False
    detail = alignment.detail_correlation
    if detail >= CERTAIN or detail < LEAST_DETAIL_CORRELATION:
        return detail >= CERTAIN  # wherever the limit lies, which takes a while to find
    return detail >= least()


def _least_detail_correlation(thumbnails: Thumbnails) -> float:
    """What unrelated images of this competition do not reach, however alike.

    Two dogs share no detail, two handwritten zeros nearly all: a fixed limit joins the zeros or loses copies of dogs.
    So the limit is an outlier's among neighbours taken for unrelated, on Fisher's scale (arctanh), where
    correlations scatter evenly.
    """
    if len(thumbnails) <= UNRELATED_RANK:
        return LEAST_DETAIL_CORRELATION
    among = thumbnails[np.linspace(0, len(thumbnails) - 1, min(SAMPLED_AMONG, len(thumbnails))).astype(int)]
    sample = np.linspace(0, len(among) - 1, min(SAMPLED_IMAGES, len(among))).astype(int)
    normalised = _normalised(among)
    ranked = np.argsort(-(normalised[sample] @ normalised.T), axis=1, kind="stable")
    limits, rank = [], UNRELATED_RANK
    while rank < len(among):
        alignments = [align(among[i], among[j]) for i, j in zip(sample, ranked[:, rank], strict=True)]
        neighbours = [found for found in alignments if found is not None]
        limits.append(_outlying_correlation(neighbours))
        if 2 * sum(found.is_of_one_image for found in neighbours) <= len(neighbours):
            return min(limits[0], limits[-1])
        rank *= 2
    return limits[0]  # all look alike, at any rank


def _outlying_correlation(neighbours: Sequence[Alignment]) -> float:
    if not neighbours:
        return LEAST_DETAIL_CORRELATION
    details = np.arctanh([min(found.detail_correlation, 0.999) for found in neighbours])
    middle = np.median(details)
    # 1.4826 makes the median deviation of a normal distribution its standard deviation.
    limit = np.tanh(middle + OUTLYING * 1.4826 * np.median(np.abs(details - middle)))
    return float(np.clip(limit, LEAST_DETAIL_CORRELATION, CERTAIN))


def close_pairs(
    base: Int64[np.ndarray, " images"], queries: Int64[np.ndarray, " images"]
) -> Int64[np.ndarray, "pairs 2"]:
    """All (i, j), i < j, for which a query of one is close to the base of the other.

    Source: Norouzi, Punjani and Fleet, Fast Search in Hamming Space with Multi-Index Hashing, 2012.
    """
    count = len(base)
    found = []
    for band in range(BANDS):
        for left, right in _sharing_a_band(_band(base, band), _band(queries, band)):
            close = (left != right) & (np.bitwise_count(queries[left] ^ base[right]) <= FARTHEST)
            left, right = left[close], right[close]
            found.append(np.unique(np.minimum(left, right) * count + np.maximum(left, right)))
    pairs = np.unique(np.concatenate(found))
    return np.stack(np.divmod(pairs, count), axis=1)


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
