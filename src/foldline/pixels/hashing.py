"""A 64-bit perceptual hash: similar images, similar bits. It finds candidates and proves nothing."""

import math
from functools import cache

import cv2
import numpy as np
from jaxtyping import Float64, Int64, Shaped, UInt8

SIDE_PIXELS = 32
LOW_FREQUENCIES = 8
ROUNDED_TO = 1024
"""The cosines are rounded to multiples of 1/1024: sums of integers are the same on every machine, in any order."""
BLOCK_THUMBNAILS = 4_096
LARGEST_STEP = 4
"""Pixels between samples: of the two rows next to each sample bilinear interpolation sees half of all rows."""

Thumbnails = UInt8[np.ndarray, "images 32 32"]


def thumbnail(pixels: Shaped[np.ndarray, "height width channels"]) -> UInt8[np.ndarray, "32 32"]:
    """The image in grey, small enough to forget how it was encoded. Numbers beyond 0..255 are cut off."""
    if pixels.dtype != np.uint8:
        pixels = np.clip(pixels.astype(np.float32).mean(axis=2, keepdims=True), 0, 255).astype(np.uint8)
    if pixels.shape[2] not in (1, 3):
        pixels = pixels.mean(axis=2, keepdims=True).astype(np.uint8)
    if pixels.shape[2] == 3:
        pixels = _sampled(pixels)
    grey = pixels[:, :, 0] if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return cv2.resize(grey, (SIDE_PIXELS, SIDE_PIXELS), interpolation=cv2.INTER_AREA)


def _sampled(pixels: UInt8[np.ndarray, "height width 3"]) -> UInt8[np.ndarray, "h w 3"]:
    """A large image by bilinear samples, of which a thumbnail's pixel is the mean of four or more: turning all of its
    pixels grey takes as long again, and thumbnails are half of what the search for duplicates costs."""
    side = SIDE_PIXELS * max(2, math.ceil(max(pixels.shape[:2]) / (LARGEST_STEP * SIDE_PIXELS)))
    if min(pixels.shape[:2]) < 2 * side:
        return pixels
    return cv2.resize(pixels, (side, side), interpolation=cv2.INTER_LINEAR)


def perceptual_hashes(thumbnails: Thumbnails, cropped_fraction: float = 0.0) -> Int64[np.ndarray, " images"]:
    """Of each thumbnail, cropped by `cropped_fraction` at every side: which of its 8 x 8 lowest cosine frequencies lie
    above their median, as 64 bits.

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010 (pHash).
    """
    rows = _cosines(cropped_fraction)
    blocks = [np.zeros(0, np.int64)]
    for first in range(0, len(thumbnails), BLOCK_THUMBNAILS):
        block = thumbnails[first : first + BLOCK_THUMBNAILS].astype(np.float64)
        frequencies = (rows @ block @ rows.T).reshape(-1, LOW_FREQUENCIES**2)
        # The first one is the mean brightness, which a copy need not share.
        bits = frequencies > np.median(frequencies[:, 1:], axis=1, keepdims=True)
        blocks.append(np.packbits(bits, axis=1).view(">i8")[:, 0].astype(np.int64))
    return np.concatenate(blocks)


@cache
def _cosines(cropped_fraction: float) -> Float64[np.ndarray, "8 32"]:
    """From 32 pixels in a row to the 8 lowest frequencies of its middle part, stretched to 32 pixels again."""
    middle, step = np.arange(SIDE_PIXELS), np.arange(LOW_FREQUENCIES)[:, np.newaxis]
    cosines = np.cos(np.pi * step * (2 * middle + 1) / (2 * SIDE_PIXELS))
    sources = SIDE_PIXELS * (cropped_fraction + (1 - 2 * cropped_fraction) * (middle + 0.5) / SIDE_PIXELS) - 0.5
    stretched = np.maximum(0, 1 - np.abs(sources[:, np.newaxis] - middle))
    return np.round(cosines @ stretched * ROUNDED_TO)
