"""Planted copies are found, and images that only look alike are left apart."""

import numpy as np
import pandas as pd
import pytest
from PIL import Image, ImageEnhance
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.datasets import load_digits

from foldline.folds import duplicates
from foldline.folds.alignment import Alignment, align
from foldline.folds.duplicates import FARTHEST, close_pairs, near_duplicate_pairs
from foldline.folds.duplicates_table import RECODED
from foldline.pixels.chunks import DecodedImage, with_hashes
from foldline.pixels.image_files import Contents, image_into
from foldline.pixels.resizing import PixelForm
from foldline.pixels.undecodable import Undecodable
from tests.pixels.drawn import encoded, scene

FORM = PixelForm(64, 64, 3, "squash")


def cached(contents: list[bytes], form: PixelForm = FORM) -> tuple[pd.DataFrame, np.ndarray]:
    """The table of images and the pixels, as the cache would hold them."""
    pixels = np.empty((len(contents), form.height, form.width, form.channels), np.uint8)
    lines = [decoded(place, Contents((content,)), form) for place, content in zip(pixels, contents, strict=True)]
    images = pd.DataFrame(with_hashes(lines, pixels), columns=DecodedImage._fields)
    images["error"] = images["error"].astype("str")
    images["cache_index"] = np.arange(len(contents))
    return images, pixels


def decoded(out: np.ndarray, contents: Contents, form: PixelForm) -> DecodedImage:
    try:
        image = image_into(out, contents, form)
    except Undecodable as error:
        out[:] = 128
        return DecodedImage(0, 0, contents.exact_hash, error=str(error))
    return DecodedImage(image.height, image.width, contents.exact_hash)


def pairs_among(contents: list[bytes], form: PixelForm = FORM) -> set[tuple[int, int]]:
    pairs = near_duplicate_pairs(*cached(contents, form))
    assert (pairs["first"] < pairs["second"]).all()
    return set(zip(pairs["first"], pairs["second"], strict=True))


def copied(image: np.ndarray, rng: np.random.Generator, cropped_fraction: float = 0.03) -> bytes:
    """Cropped, resized, brightened and re-encoded."""
    height, width = image.shape[:2]
    top, left = round(height * cropped_fraction), round(width * cropped_fraction)
    image = Image.fromarray(image[top : height - top, left : width - left])
    scale = rng.uniform(0.6, 1.4)
    image = image.resize((round(width * scale), round(height * scale)), Image.Resampling.BICUBIC)
    image = ImageEnhance.Brightness(image).enhance(rng.uniform(0.75, 1.25))
    return encoded(image, "JPEG", quality=int(rng.integers(60, 95)))


def test_planted_copies_are_found_and_nothing_else() -> None:
    rng = np.random.default_rng(0)
    images = [scene(seed, 133, 100) for seed in range(400)]
    copies = [copied(image, rng) for image in images[:200]]
    found = pairs_among([*(encoded(image, "JPEG", quality=90) for image in images), *copies])
    planted = {(number, 400 + number) for number in range(200)}
    assert len(found & planted) >= 190
    assert not found - planted


def test_where_each_image_has_many_copies_they_are_no_measure_of_what_is_unrelated() -> None:
    rng = np.random.default_rng(0)
    contents = [copied(scene(seed, 133, 100), rng, 0.01 * (copy % 4)) for seed in range(12) for copy in range(14)]
    found = np.array(sorted(pairs_among(contents)))
    assert (found[:, 0] // 14 == found[:, 1] // 14).all()
    assert len(found) >= 12 * 13 - 3  # n - 1 pairs connect n copies


@pytest.mark.many_draws
def test_handwritten_digits_are_not_joined_into_crowds() -> None:
    digits = [(digit * 255 / 16).astype(np.uint8) for digit in load_digits().images]
    found = pairs_among([encoded(digit) for digit in digits], PixelForm(32, 32, 1, "squash"))
    first, second = np.array(sorted(found)).reshape(-1, 2).T
    links = coo_matrix((np.ones(len(found)), (first, second)), shape=(len(digits), len(digits)))
    assert np.bincount(connected_components(links)[1]).max() <= 5


def test_a_burst_is_joined_by_few_comparisons_for_each_image(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shutter held down: 20 frames, each the one before but for noise and a hair's movement."""
    rng, whole = np.random.default_rng(0), scene(0, 160, 220).astype(float)
    frames = [whole[n // 8 : n // 8 + 140, n // 8 : n // 8 + 200] + rng.normal(0, 2, (140, 200, 3)) for n in range(20)]
    images = [
        *(np.clip(frame, 0, 255).astype(np.uint8) for frame in frames),
        *(scene(seed) for seed in range(1, 130)),
    ]
    compared = []

    def counted(first: np.ndarray, second: np.ndarray) -> Alignment | None:
        compared.append(1)
        return align(first, second)

    monkeypatch.setattr(duplicates, "align", counted)
    found = pairs_among([encoded(image, "JPEG") for image in images])
    assert len(found) == 19 and max(max(pair) for pair in found) == 19
    assert len(compared) < 3 * 20 + duplicates.SAMPLED_IMAGES  # all pairs of frames are 190


def test_where_all_look_alike_comparisons_stay_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rng, thumbnails = np.random.default_rng(0), np.zeros((60, 32, 32), np.uint8)
    thumbnails[:] = rng.integers(0, 256, (32, 32))
    compared = []
    monkeypatch.setattr(duplicates, "align", lambda first, second: compared.append(1))
    pairs = np.stack(np.triu_indices(60, 1), axis=1)
    assert len(duplicates._verified(pairs, thumbnails)) == 0
    assert 60 <= len(compared) <= 60 * duplicates.MOST_REFUSALS < len(pairs)


def test_equal_files_are_chained_and_unreadable_ones_left_out() -> None:
    one, two = encoded(scene(1)), encoded(scene(2))
    assert pairs_among([one, two, one, b"", b"", one]) == {(0, 2), (0, 5)}


def test_blank_images_hold_nothing_to_compare() -> None:
    blanks = [encoded(np.full((20, 20, 3), value, np.uint8)) for value in range(0, 250, 10)]
    assert pairs_among(blanks) == set()


def test_a_position_that_serves_several_rows_counts_once() -> None:
    images, pixels = cached([encoded(scene(1)), encoded(scene(2))])
    assert near_duplicate_pairs(pd.concat([images, images]), pixels).empty


def test_no_images() -> None:
    images, pixels = cached([encoded(scene(1))])
    assert near_duplicate_pairs(images[:0], pixels[:0]).empty


def test_mirrored_images_are_different() -> None:
    assert pairs_among([encoded(scene(1)), encoded(np.ascontiguousarray(scene(1)[:, ::-1]))]) == set()


def test_close_pairs_are_those_that_comparing_all_finds() -> None:
    rng = np.random.default_rng(0)
    base = rng.integers(-(2**63), 2**63 - 1, 400, dtype=np.int64)
    for number in range(200):  # the other half: copies with 0 to 11 bits flipped
        bits = rng.choice(64, number % 12, replace=False)
        base[200 + number] = base[number] ^ np.bitwise_or.reduce(
            np.uint64(1) << bits.astype(np.uint64), initial=np.uint64(0)
        ).astype(np.int64)
    distances = np.bitwise_count(base[:, np.newaxis] ^ base)
    first, second = np.nonzero(np.triu(distances <= FARTHEST, 1))
    assert close_pairs(base, base).tolist() == np.stack([first, second], axis=1).tolist()
    assert len(first) >= 130


def test_queries_may_be_close_to_another_ones_base() -> None:
    base, queries = np.array([0, -1, 2**40], np.int64), np.array([77, 2**50, 3], np.int64)
    # Query 1 differs in one bit from base 0, query 2 in two; query 1 in two from base 2.
    assert close_pairs(base, queries).tolist() == [[0, 1], [0, 2], [1, 2]]


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_hashes_to_pair(count: int) -> None:
    hashes = np.zeros(count, np.int64)
    assert close_pairs(hashes, hashes).shape == (0, 2)


@pytest.mark.parametrize(("animal_pixels", "is_one"), [(0, True), (6, False)])
def test_a_small_animal_makes_another_image_and_a_recoding_does_not(animal_pixels: int, is_one: bool) -> None:
    empty = scene(3, 150, 200)
    other = empty.copy()
    other[70 : 70 + animal_pixels, 90 : 90 + 2 * animal_pixels] = 20
    pairs = near_duplicate_pairs(*cached([encoded(empty, "JPEG"), encoded(other, "PNG")]))
    assert len(pairs) == 1, "the same place"
    assert (pairs["difference"] <= RECODED).tolist() == [is_one]
