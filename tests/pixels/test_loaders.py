"""Batches: channels first, augmented image by image; the order of an epoch, and what does not change it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from foldline.pixels.loaders import (
    EpochOrder,
    EvaluationImages,
    TrainingImages,
    balanced,
    channels_first,
    evaluation_loader,
    training_loader,
)
from foldline.pixels.stores import JpegPixels, JpegStore
from foldline.training.augmentation import build_augmentation
from foldline.training.recipes import Augmentation
from tests.pixels.drawn import scene

FOUR = np.arange(4 * 2 * 3 * 3, dtype=np.uint8).reshape(4, 2, 3, 3)
TWO_OF_FOUR = np.array([3, 1])


def test_channels_come_first() -> None:
    images = channels_first(FOUR, FOUR, 4)
    assert images.shape == (4, 3, 2, 3)
    assert images[1, 2, 0, 1] == FOUR[1, 0, 1, 2]


def test_evaluation_images_are_those_of_the_cache() -> None:
    images, index = EvaluationImages(FOUR, TWO_OF_FOUR).__getitems__([1, 0, 1])
    assert index.tolist() == [1, 0, 1]
    assert torch.equal(images, channels_first(FOUR[[1, 3, 1]], FOUR, 3))


def test_training_images_are_augmented_each_by_its_own_seed() -> None:
    def add_seed(image: np.ndarray, seed: int) -> np.ndarray:
        return image + np.uint8(seed)

    images, index = TrainingImages(FOUR, TWO_OF_FOUR, add_seed).__getitems__([(0, 5), (1, 0), (0, 7)])
    assert index.tolist() == [0, 1, 0]
    assert torch.equal(images[0], images[2] - 2)
    assert torch.equal(images[1], channels_first(FOUR, FOUR, 4)[1])


def test_cache_is_not_written_to() -> None:
    pixels = FOUR.copy()
    pixels.setflags(write=False)

    def blacken(image: np.ndarray, seed: int) -> np.ndarray:
        image[:] = 0
        return image

    TrainingImages(pixels, TWO_OF_FOUR, blacken).__getitems__([(0, 0)])
    assert np.array_equal(pixels, FOUR)


def test_an_image_of_another_type_enters_no_batch() -> None:
    with pytest.raises(ValueError, match=r"made float32 of \(2, 3, 3\) of uint8 of \(2, 3, 3\)"):
        TrainingImages(FOUR, TWO_OF_FOUR, lambda image, seed: np.float32(image)).__getitems__([(0, 0)])


@pytest.mark.parametrize("channels", [1, 2, 3, 7])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_any_number_of_channels_comes_first(channels: int, kind: type) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (2, 5, 4, channels)).astype(kind)
    expected = torch.from_numpy(pixels).permute(0, 3, 1, 2)
    assert torch.equal(channels_first([pixels[0], pixels[1]], pixels, 2), expected)
    assert torch.equal(channels_first([pixels[0][:, ::-1]], pixels, 1), expected[:1].flip(-1))


NUMBERS = np.linspace(-20, 300, 3 * 4 * 4 * 2).astype(np.float16).reshape(3, 4, 4, 2)
TWO_OF_THREE = np.array([2, 0])


def test_numbers_are_float32_and_augmented_between_0_and_1() -> None:
    seen = []

    def augment(image: np.ndarray, seed: int) -> np.ndarray:
        seen.append(image)
        return image[:, ::-1]

    images, index = TrainingImages(NUMBERS, TWO_OF_THREE, augment).__getitems__([(1, 7), (0, 8)])
    assert images.dtype == torch.float32 and index.tolist() == [1, 0]
    assert np.allclose(images[0].permute(1, 2, 0), NUMBERS[0, :, ::-1].astype(np.float32), atol=1e-4)
    assert np.allclose(seen[0], NUMBERS[0].astype(np.float32) / 255)
    plain, _ = EvaluationImages(NUMBERS, TWO_OF_THREE).__getitems__([0])
    assert np.array_equal(plain[0].permute(1, 2, 0), NUMBERS[2].astype(np.float32))


def test_jpegs_are_bytes(tmp_path: Path) -> None:
    scenes = np.stack([scene(seed, 16, 16) for seed in range(3)])
    file, store = tmp_path / "cache.jpegs", JpegStore(kind="jpeg", quality=95)
    store.reserve(file, scenes.shape, "uint8")
    store.finish(file, [(0, store.write(file, 0, scenes))])
    images, _ = EvaluationImages(JpegPixels(file, scenes.shape), TWO_OF_THREE).__getitems__([0, 1])
    assert images.dtype == torch.uint8
    assert np.abs(images.permute(0, 2, 3, 1).numpy().astype(int) - scenes[[2, 0]]).mean() < 12


PIXELS = np.random.default_rng(0).integers(0, 256, (30, 16, 16, 3), dtype=np.uint8)
POSITIONS = np.arange(29, -1, -1)
AUGMENT = build_augmentation(Augmentation(recipe="medium", transforms=()), (16, 16, 3), [])


def epoch(workers: int, number: int, process: int = 0, processes: int = 1, batch_size: int = 8) -> list[list[Tensor]]:
    order = EpochOrder(len(POSITIONS), batch_size, (1, 2), process, processes)
    loader = training_loader(PIXELS, POSITIONS, AUGMENT, order, workers)
    order.epoch = number
    return [list(batch) for batch in loader]


def images_by_index(batches: list[list[Tensor]]) -> dict[int, bytes]:
    return {
        int(place): image.numpy().tobytes()
        for images, index in batches
        for image, place in zip(images, index, strict=True)
    }


@pytest.mark.parametrize(
    ("count", "most", "parts"), [(10, 4, [4, 3, 3]), (8, 4, [4, 4]), (3, 8, [3]), (9, 4, [3, 3, 3]), (5, 1, [1] * 5)]
)
def test_balanced(count: int, most: int, parts: list[int]) -> None:
    assert balanced(count, most) == parts


def test_every_image_once_in_even_batches() -> None:
    batches = epoch(workers=0, number=0)
    assert [len(index) for _, index in batches] == [8, 8, 7, 7]
    assert sorted(torch.cat([index for _, index in batches]).tolist()) == list(range(30))


def test_epochs_differ_in_order_and_in_augmentation() -> None:
    first, second = epoch(0, number=0), epoch(0, number=1)
    assert first[0][1].tolist() != second[0][1].tolist()
    one, other = images_by_index(first), images_by_index(second)
    assert sum(one[place] == other[place] for place in one) < 3


def test_same_epoch_again_is_the_same_whatever_the_workers() -> None:
    alone, helped = epoch(workers=0, number=3), epoch(workers=2, number=3)
    for (images, index), (other_images, other_index) in zip(alone, helped, strict=True):
        assert torch.equal(images, other_images)
        assert torch.equal(index, other_index)


def test_persistent_workers_learn_of_the_next_epoch() -> None:
    order = EpochOrder(len(POSITIONS), 8, (1, 2), 0, 1)
    loader = training_loader(PIXELS, POSITIONS, AUGMENT, order, workers=2)
    for number in (0, 1):
        order.epoch = number
        next(iter(loader))  # an epoch that is left early leaves nothing behind
        assert images_by_index([list(batch) for batch in loader]) == images_by_index(epoch(0, number))


@pytest.mark.parametrize("processes", [2, 3])
def test_processes_share_each_batch_of_one_process(processes: int) -> None:
    whole = epoch(0, number=2)
    shares = [epoch(0, 2, process, processes) for process in range(processes)]
    for batch, (images, index) in enumerate(whole):
        assert torch.equal(torch.cat([share[batch][0] for share in shares]), images)
        assert torch.equal(torch.cat([share[batch][1] for share in shares]), index)


def test_batch_size_changes_no_image() -> None:
    assert images_by_index(epoch(0, 0, batch_size=8)) == images_by_index(epoch(0, 0, batch_size=5))


@pytest.mark.parametrize("workers", [0, 2])
def test_evaluation_in_order_and_whole(workers: int) -> None:
    batches = list(evaluation_loader(PIXELS, POSITIONS, 8, workers))
    assert [len(index) for _, index in batches] == [8, 8, 8, 6]
    assert torch.cat([index for _, index in batches]).tolist() == list(range(30))
    expected = torch.from_numpy(PIXELS[::-1].copy()).permute(0, 3, 1, 2)
    assert torch.equal(torch.cat([images for images, _ in batches]), expected)


def test_evaluation_of_nothing() -> None:
    assert list(evaluation_loader(PIXELS, POSITIONS[:0], 8, 0)) == []


@pytest.mark.parametrize("workers", [0, 2])
def test_torchs_random_numbers_are_left_alone(workers: int) -> None:
    before = torch.get_rng_state()
    epoch(workers, number=0)
    list(evaluation_loader(PIXELS, POSITIONS, 8, workers))
    assert torch.equal(torch.get_rng_state(), before)
