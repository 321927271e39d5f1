"""Mixup and CutMix, images and targets alike."""

import numpy as np
import pytest
import torch

from foldline.training.mixing import MixupOrCutMix, NoMixing, cutmix, mixup

IMAGES = torch.stack([torch.zeros(1, 8, 8), torch.full((1, 8, 8), 100.0)]).to(torch.uint8)
TARGETS = torch.eye(2)
SWAPPED = np.array([1, 0])
SECTION = MixupOrCutMix(kind="mixup_or_cutmix", alpha=1.0, probability=1.0, off_last_epochs=2)


def test_mixup_by_hand() -> None:
    images, (targets,) = mixup(IMAGES, (TARGETS,), SWAPPED, 0.7, np.random.default_rng(0))
    assert images[:, 0, 0, 0].tolist() == pytest.approx([30.0, 70.0])
    assert targets.tolist() == [pytest.approx([0.7, 0.3]), pytest.approx([0.3, 0.7])]


def test_cutmix_counts_its_pixels() -> None:
    for seed in range(50):
        random = np.random.default_rng(seed)
        images, (targets,) = cutmix(IMAGES, (TARGETS,), SWAPPED, random.random(), random)
        assert images.dtype == torch.uint8
        assert targets[0, 1].item() == pytest.approx((images[0] == 100).float().mean().item())
        assert targets[1, 0].item() == pytest.approx((images[1] == 0).float().mean().item())


def test_same_random_numbers_same_mix_and_both_kinds_occur() -> None:
    mix = SECTION.mix(epoch=0, epochs=3)
    assert mix is not None
    kinds = set()
    for seed in range(20):
        one, other = (mix(IMAGES, (TARGETS,), np.random.default_rng(seed)) for _ in range(2))
        assert torch.equal(one[0], other[0]) and torch.equal(one[1][0], other[1][0])
        kinds.add(one[0].dtype)
    assert kinds == {torch.uint8, torch.float32}


def test_off_for_the_last_epochs_and_when_not_wished() -> None:
    assert [SECTION.mix(epoch, 5) is not None for epoch in range(5)] == [True, True, True, False, False]
    assert NoMixing(kind="none").mix(0, 5) is None


def test_some_batches_stay_as_they_are() -> None:
    mix = SECTION.model_copy(update={"probability": 0.5}).mix(0, 5)
    assert mix is not None
    unmixed = [mix(IMAGES, (TARGETS,), np.random.default_rng(seed))[0] is IMAGES for seed in range(200)]
    assert 60 < sum(unmixed) < 140
