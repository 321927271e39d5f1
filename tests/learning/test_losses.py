"""Losses per image."""

import pytest
import torch

from foldline.config.train import CrossEntropy
from foldline.learning.losses import build_loss, is_right

LOGITS = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
TARGETS = torch.tensor([1, 0, 0])


def test_cross_entropy_by_hand() -> None:
    losses = build_loss(CrossEntropy(kind="cross_entropy", smoothing=0.0))(LOGITS, TARGETS)
    assert losses.tolist() == pytest.approx([0.693147, 0.126928, 2.126928], abs=1e-6)


def test_smoothing_gives_each_class_its_share() -> None:
    """0.1 spread over two classes: 0.95 of the right one's loss and 0.05 of the other's."""
    losses = build_loss(CrossEntropy(kind="cross_entropy", smoothing=0.1))(LOGITS, TARGETS)
    assert losses[1].item() == pytest.approx(0.95 * 0.126928 + 0.05 * 2.126928, abs=1e-6)


def test_is_right() -> None:
    assert is_right(LOGITS, TARGETS).tolist() == [False, True, False]
