"""Batches from the pixel cache."""

import numpy as np
import pytest
import torch

from foldline.pixels.datasets import EvaluationImages, TrainingImages, channels_first

PIXELS = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
POSITIONS = np.array([3, 1])


def test_channels_come_first() -> None:
    images = channels_first(PIXELS, PIXELS, 4)
    assert images.shape == (4, 3, 2, 3)
    assert images[1, 2, 0, 1] == PIXELS[1, 0, 1, 2]


def test_evaluation_images_are_those_of_the_cache() -> None:
    images, index = EvaluationImages(PIXELS, POSITIONS).__getitems__([1, 0, 1])
    assert index.tolist() == [1, 0, 1]
    assert torch.equal(images, channels_first(PIXELS[[1, 3, 1]], PIXELS, 3))


def test_training_images_are_augmented_each_by_its_own_seed() -> None:
    def add_seed(image: np.ndarray, seed: int) -> np.ndarray:
        return image + np.uint8(seed)

    images, index = TrainingImages(PIXELS, POSITIONS, add_seed).__getitems__([(0, 5), (1, 0), (0, 7)])
    assert index.tolist() == [0, 1, 0]
    assert torch.equal(images[0], images[2] - 2)
    assert torch.equal(images[1], channels_first(PIXELS, PIXELS, 4)[1])


def test_cache_is_not_written_to() -> None:
    pixels = PIXELS.copy()
    pixels.setflags(write=False)

    def blacken(image: np.ndarray, seed: int) -> np.ndarray:
        image[:] = 0
        return image

    TrainingImages(pixels, POSITIONS, blacken).__getitems__([(0, 0)])
    assert np.array_equal(pixels, PIXELS)


def test_an_image_of_another_type_enters_no_batch() -> None:
    with pytest.raises(ValueError, match=r"made float32 of \(2, 3, 3\) of uint8 of \(2, 3, 3\)"):
        TrainingImages(PIXELS, POSITIONS, lambda image, seed: np.float32(image)).__getitems__([(0, 0)])


@pytest.mark.parametrize("channels", [1, 2, 3, 7])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_any_number_of_channels_comes_first(channels: int, kind: type) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, channels)).astype(kind)
    expected = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    assert torch.equal(channels_first([pixels[0], pixels[1]], pixels, 2), expected)
    assert torch.equal(channels_first([pixels[0][:, ::-1]], pixels, 1), expected[:1].flip(-1))
