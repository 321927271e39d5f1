"""Versions of images: what the training's own code makes of them, and how a mixed one is told."""

import numpy as np
import pytest

from foldline.folds.training_table import soft_targets
from foldline.report.page import Gallery
from foldline.report.pictures import Pictures
from foldline.report.sections.augmented import IMAGES, VERSIONS, augmented_by_phase, in_words, mixture, versions
from foldline.training.batches import resized_sides
from tests.report.sections.prepared_rows import prepared_rows
from tests.training.small import train_section

NONE = {"recipe": "none", "transforms": []}
MIXUP = {"kind": "mixup", "alpha": 1.0, "probability": 1.0, "off_last_epochs": 1}
PREPARED = prepared_rows([0, 1, 2, 0, 1, 2, 0], ("cat", "dog", "ship"))
INDICES = np.array([2, 0, 1])
TARGETS = soft_targets(PREPARED.targets[INDICES], 3)
OWN = np.stack([PREPARED.pixels[index] for index in INDICES])


def made(symmetries: tuple[str, ...] = (), seed: int = 0, **changes: object) -> list[tuple[np.ndarray, np.ndarray]]:
    train = train_section(**{"augmentation": NONE, **changes})
    return list(versions(PREPARED.pixels, INDICES, TARGETS, train, symmetries, seed))


def test_without_augmentation_and_mixing_all_versions_are_the_images_in_their_order() -> None:
    found = made()
    assert len(found) == VERSIONS
    for images, targets in found:
        assert np.array_equal(images, OWN)
        assert np.array_equal(targets, TARGETS.toarray())


def test_the_cards_symmetries_are_drawn_by_the_seed() -> None:
    """The recipe adds nothing: each version is the image or its mirror image, and both occur."""
    nothing = {"augmentation": {"recipe": {"kind": "mask", "probability": 0.0, "block_pixels": 1}, "transforms": []}}
    found, same, other = (
        np.stack([images for images, _ in made(("horizontal_flip",), seed, **nothing)]) for seed in (0, 0, 1)
    )
    is_own, is_mirrored = ((found == one).all(axis=(2, 3, 4)) for one in (OWN, OWN[:, :, ::-1]))
    assert (is_own ^ is_mirrored).all()
    assert 0 < is_own.sum() < is_own.size
    assert np.array_equal(found, same)
    assert not np.array_equal(found, other)


def test_mixed_images_and_targets_are_mixed_alike() -> None:
    """Of three classes, each target says which images were mixed and how much of each."""
    distinct = prepared_rows([0, 1, 2], ("cat", "dog", "ship"))
    own, targets = np.asarray(distinct.pixels), soft_targets(distinct.targets, 3)
    train = train_section(augmentation=NONE, mixing=MIXUP)
    mixed = 0
    for images, shares in versions(distinct.pixels, np.arange(3), targets, train, (), seed=0):
        np.testing.assert_allclose(images, np.einsum("ij,jhwc->ihwc", shares, own.astype(float)), atol=1e-3)
        mixed += (shares < 1).all(axis=1).sum()
    assert mixed > 0


def test_images_have_the_size_of_the_first_epoch() -> None:
    (images, _), *_ = made(resolution={"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 2})
    assert images.shape == (3, *resized_sides(8, 12, 0.5), 3) == (3, 4, 6, 3)


@pytest.mark.parametrize(
    ("own", "mixed", "told"),
    [
        ([1, 0, 0], [1, 0, 0], []),
        ([1, 0, 0], [0.3, 0, 0.7], ["ship: 0.7", "cat: 0.3"]),
        ([1, 0, 1], [1, 0.25, 0.75], ["cat: 1", "ship: 0.75", "dog: 0.25"]),
        ([np.nan, 0, 2], [np.nan, 0, 2], []),
    ],
)
def test_what_a_mixed_image_shows(own: list[float], mixed: list[float], told: list[str]) -> None:
    assert mixture(np.array(own, np.float32), np.array(mixed, np.float32), PREPARED.classes) == told


def test_what_changes_images_is_named_as_params_yaml_and_the_card_call_it() -> None:
    augmentation = {"recipe": "light", "transforms": [{"GaussianBlur": {"p": 0.3}}]}
    train = train_section(augmentation=augmentation, mixing=MIXUP)
    both = ("horizontal_flip", "rotate_90")
    assert in_words(train, both, (8, 8)) == "recipe light, GaussianBlur, horizontal_flip, rotate_90, mixing mixup"
    assert in_words(train, both, (8, 12)) == "recipe light, GaussianBlur, horizontal_flip, mixing mixup"
    assert in_words(train_section(augmentation=NONE), both, (8, 8)) == "recipe none, mixing none"


def test_a_gallery_of_each_image_with_the_original_first() -> None:
    pictures = Pictures(PREPARED.pixels)
    (section,) = augmented_by_phase(PREPARED, train_section(), (), pictures, 0)
    assert section.anchor == "augmentation"
    assert len(section.body) == IMAGES
    for gallery in section.body:
        assert isinstance(gallery, Gallery)
        assert len(gallery.figures) == 1 + VERSIONS
        assert list(gallery.figures[0].lines) == ["as it is"]
        assert all(figure.picture in pictures.data for figure in gallery.figures)


def test_phases_that_change_images_otherwise_have_a_section_each() -> None:
    named = {"save_model": False}
    phases = [
        {"name": "warm", "epochs": 1, **named},
        {"name": "on", "epochs": 1, **named},
        {"name": "mixed", "epochs": 1, "mixing": MIXUP, **named},
    ]
    sections = augmented_by_phase(PREPARED, train_section(phases=phases), (), Pictures(PREPARED.pixels), 0)
    assert [section.anchor for section in sections] == ["augmentation-in-phase-warm", "augmentation-in-phase-mixed"]
    assert sections[1].title == "What training makes of images in phase mixed: recipe light, mixing mixup"
