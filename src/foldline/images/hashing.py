"""A 64-bit perceptual hash: similar pictures, similar bits. It finds candidates and proves nothing."""

import cv2
import numpy as np
from jaxtyping import UInt8

SIDE_PIXELS = 32
LOW_FREQUENCIES = 8


def perceptual_hash(pixels: UInt8[np.ndarray, "height width channels"]) -> int:
    """The signs of the 8 x 8 lowest cosine frequencies about their median, as a signed 64-bit integer.

    Source: Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, 2010 (pHash).
    """
    small = cv2.resize(grey(pixels), (SIDE_PIXELS, SIDE_PIXELS), interpolation=cv2.INTER_AREA)
    frequencies = cv2.dct(small.astype(np.float32))[:LOW_FREQUENCIES, :LOW_FREQUENCIES].ravel()
    # The first one is the mean brightness, which a copy need not share.
    bits = frequencies > np.median(frequencies[1:])
    return int(np.packbits(bits).view(">i8")[0])


def grey(pixels: np.ndarray) -> UInt8[np.ndarray, "height width"]:
    return pixels[:, :, 0] if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
