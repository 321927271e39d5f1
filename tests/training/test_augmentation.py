"""Recipes: seeded image by image, within what the card allows."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from foldline.files.refusal import Refusal
from foldline.training.augmentation import SYMMETRIES, Augmentation, build_augmentation
from foldline.training.recipes import Augmentation as Section
from foldline.training.recipes import Mask

RECIPES = ("light", "medium", "heavy", "d4", "study_light", "study_heavy")
IMAGE = np.random.default_rng(0).integers(0, 256, (24, 24, 3), dtype=np.uint8)
SEEDS = range(200)


def augmentation(recipe: str | dict[str, Any], shape: tuple[int, ...], symmetries: list[str]) -> Augmentation | None:
    section = Section.model_validate({"recipe": recipe, "transforms": []})
    return build_augmentation(section, (shape[0], shape[1], shape[2]), symmetries)


def only_symmetries(symmetries: list[str]) -> Augmentation:
    return Augmentation([], [SYMMETRIES[name] for name in symmetries])


def test_none_is_nothing() -> None:
    assert augmentation("none", (24, 24, 3), ["horizontal_flip"]) is None


@pytest.mark.parametrize(("recipe", "channels"), list(product(RECIPES, (1, 3))))
def test_same_seed_same_image_other_seed_other_image(recipe: str, channels: int) -> None:
    image = IMAGE[..., :channels]
    first, second = (augmentation(recipe, image.shape, ["vertical_flip"]) for _ in range(2))
    assert first is not None and second is not None
    drawn = [first(image, seed) for seed in SEEDS]
    again = [second(image, seed) for seed in reversed(SEEDS)]
    assert all(np.array_equal(one, other) for one, other in zip(drawn, reversed(again), strict=True))
    assert all(one.shape == image.shape and one.dtype == np.uint8 for one in drawn)
    expected = {"d4": 8, "study_light": 4}.get(recipe, 0.6 * len(drawn))
    assert len({one.tobytes() for one in drawn}) >= expected


def test_seeds_of_64_bits() -> None:
    augment = augmentation("light", IMAGE.shape, [])
    assert augment is not None
    assert not np.array_equal(augment(IMAGE, 2**64 - 1), augment(IMAGE, 2**63))


def test_image_is_not_changed_in_place() -> None:
    augment, before = augmentation("heavy", IMAGE.shape, list(SYMMETRIES)), IMAGE.copy()
    assert augment is not None
    for seed in SEEDS:
        augment(IMAGE, seed)
    assert np.array_equal(IMAGE, before)


def test_each_allowed_symmetry_as_often_as_none() -> None:
    counts = {"same": 0, "flipped": 0}
    augment = only_symmetries(["horizontal_flip"])
    for seed in range(1000):
        drawn = augment(IMAGE, seed)
        counts["same"] += np.array_equal(drawn, IMAGE)
        counts["flipped"] += np.array_equal(drawn, IMAGE[:, ::-1])
    assert counts["same"] + counts["flipped"] == 1000
    assert 420 < counts["flipped"] < 580  # five standard deviations


def test_no_symmetry_without_the_card() -> None:
    augment = only_symmetries([])
    assert all(np.array_equal(augment(IMAGE, seed), IMAGE) for seed in SEEDS)


def test_light_without_symmetries_never_mirrors() -> None:
    """A bright left half stays left, whatever is drawn."""
    half = np.zeros((32, 32, 1), np.uint8)
    half[:, :16] = 200
    augment = augmentation("light", half.shape, [])
    assert augment is not None
    assert all((drawn := augment(half, seed))[:, :16].mean() > drawn[:, 16:].mean() for seed in SEEDS)


def test_symmetries_are_the_seven_of_the_square() -> None:
    """Rotations are counter-clockwise; transposing mirrors at the main diagonal, transverse at the other."""
    square = np.array([[1, 2], [3, 4]], np.uint8)[..., None]
    turned = {name: symmetry(square).reshape(2, 2).tolist() for name, symmetry in SYMMETRIES.items()}
    assert turned == {
        "horizontal_flip": [[2, 1], [4, 3]],
        "vertical_flip": [[3, 4], [1, 2]],
        "rotate_90": [[2, 4], [1, 3]],
        "rotate_180": [[4, 3], [2, 1]],
        "rotate_270": [[3, 1], [4, 2]],
        "transpose": [[1, 3], [2, 4]],
        "transverse": [[4, 2], [3, 1]],
    }


def test_oblong_images_keep_their_shape() -> None:
    oblong = IMAGE[:16]
    augment = augmentation("light", oblong.shape, list(SYMMETRIES))
    assert augment is not None
    assert {augment(oblong, seed).shape for seed in SEEDS} == {oblong.shape}


def mask(probability: float, block_pixels: int) -> dict[str, Any]:
    return {"kind": "mask", "probability": probability, "block_pixels": block_pixels}


@pytest.mark.parametrize("image", [IMAGE[:7, :10], np.float32(IMAGE[:7, :10] / 255)], ids=["bytes", "numbers"])
@pytest.mark.parametrize("block_pixels", [1, 2, 4])
def test_a_mask_blanks_the_blocks_that_are_drawn_pixel_by_pixel(image: np.ndarray, block_pixels: int) -> None:
    """Blocks at the lower and right edges are cut."""
    section = Mask.model_validate(mask(0.7, block_pixels))
    masked = section.masked(image, np.random.default_rng(5))
    drawn = np.random.default_rng(5).random((-(-7 // block_pixels), -(-10 // block_pixels)))
    for row, column in product(range(7), range(10)):
        hidden = drawn[row // block_pixels, column // block_pixels] < 0.7
        assert np.array_equal(masked[row, column], [0, 0, 0] if hidden else image[row, column])
    assert masked.dtype == image.dtype


def test_masks_are_of_the_seed_and_of_the_asked_fraction() -> None:
    image = np.full((24, 24, 3), 9, np.uint8)
    first, second = (augmentation(mask(0.9, 4), image.shape, []) for _ in range(2))
    assert first is not None and second is not None
    drawn = [first(image, seed) for seed in SEEDS]
    assert all(np.array_equal(one, second(image, seed)) for seed, one in zip(SEEDS, drawn, strict=True))
    hidden = np.mean([one == 0 for one in drawn])
    assert abs(hidden - 0.9) < 5 * (0.9 * 0.1 / (36 * len(drawn))) ** 0.5
    assert len({one.tobytes() for one in drawn}) > 150
    clear = augmentation(mask(0.0, 4), image.shape, ["horizontal_flip"])
    assert clear is not None and np.array_equal(clear(image, 1), image)


def test_refuses_blocks_larger_than_the_image() -> None:
    with pytest.raises(Refusal, match=r"block_pixels is 32, but images are 24 x 24 pixels. Set it to 24 or less"):
        augmentation(mask(0.5, 32), IMAGE.shape, [])
