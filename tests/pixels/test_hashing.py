"""The perceptual hash: the same everywhere, close for copies, far for other images."""

import cv2
import numpy as np

from foldline.pixels.hashing import perceptual_hashes, thumbnail
from tests.pixels.drawn import scene


def hash_of(pixels: np.ndarray, cropped_fraction: float = 0.0) -> np.ndarray:
    return perceptual_hashes(thumbnail(pixels)[np.newaxis], cropped_fraction)


def distance(first: np.ndarray, second: np.ndarray) -> int:
    return int(np.bitwise_count(first ^ second)[0])


def test_the_bits_are_those_of_the_cosine_transform() -> None:
    small = thumbnail(scene(0))
    frequencies = cv2.dct(small.astype(np.float32))[:8, :8]
    # OpenCV's transform is orthonormal: its first row and column are smaller by the square root of two.
    frequencies[0] *= 2**0.5
    frequencies[:, 0] *= 2**0.5
    bits = (frequencies > np.median(frequencies.ravel()[1:])).ravel()
    expected = int("".join("1" if bit else "0" for bit in bits), 2)
    assert int(hash_of(scene(0)).astype(np.uint64)[0]) == expected


def test_blocks_and_single_images_agree() -> None:
    thumbnails = np.stack([thumbnail(scene(seed)) for seed in range(5)])
    many = np.tile(thumbnails, (1_000, 1, 1))
    single = np.concatenate([hash_of(scene(seed)) for seed in range(5)])
    assert np.array_equal(perceptual_hashes(many), np.tile(single, 1_000))


def test_a_brighter_smaller_copy_is_near_and_another_image_far() -> None:
    image = scene(1)
    copy = cv2.resize(np.clip(image * 0.7 + 20, 0, 255).astype(np.uint8), (48, 40), interpolation=cv2.INTER_AREA)
    assert distance(hash_of(image), hash_of(copy)) <= 4
    assert min(distance(hash_of(image), hash_of(scene(seed))) for seed in range(2, 12)) > 12


def test_the_hash_of_a_cropped_thumbnail_is_near_that_of_the_cropped_image() -> None:
    image = scene(2, 200, 200)
    cropped = image[6:-6, 6:-6]
    assert distance(hash_of(image, 0.03), hash_of(cropped)) <= 4


def test_grey_images_have_one_channel() -> None:
    grey = np.repeat(scene(3)[:, :, :1], 3, axis=2)
    assert distance(hash_of(grey), hash_of(grey[:, :, :1])) <= 1
