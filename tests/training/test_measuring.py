"""RunningSums over batches, and the guard against a loss that is not a number."""

from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from foldline.files.refusal import Refusal
from foldline.training.measuring import NonFiniteCheck, RunningSums

IDS = ("a", "b", "c", "d")


def test_means_weigh_every_image_the_same() -> None:
    """Losses 1, 2 and 6 in batches of two and one: their mean is 3, not 3.75."""
    totals = RunningSums(Accelerator(cpu=True))
    totals.add(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0]))
    totals.add(torch.tensor([6.0]), torch.tensor([1.0]))
    assert totals.means(3) == (3.0, pytest.approx(2 / 3))


def test_images_must_all_be_measured() -> None:
    totals = RunningSums(Accelerator(cpu=True))
    totals.add(torch.tensor([1.0]), torch.tensor([1.0]))
    with pytest.raises(AssertionError, match="1 images were measured, there are 2"):
        totals.means(2)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_check_names_step_rows_and_checkpoint_one_step_later(bad: float) -> None:
    check = NonFiniteCheck(IDS, steps_per_epoch=10, checkpoint=Path("checkpoints/state.pt"))
    check.watch(23, torch.tensor([0.5, 0.4]), torch.tensor([0, 1]))
    check.watch(24, torch.tensor([0.5, bad]), torch.tensor([3, 2]))
    message = r"step 25 \(epoch 3\), for the rows c\..*The last good checkpoint, of epoch 2, is checkpoints/state.pt"
    with pytest.raises(Refusal, match=message):
        check.watch(25, torch.tensor([0.5]), torch.tensor([0]))


def test_check_looks_at_the_last_step_too() -> None:
    check = NonFiniteCheck(IDS, 10, Path("state.pt"))
    check.watch(9, torch.tensor([float("nan")]), torch.tensor([3]))
    with pytest.raises(Refusal, match="for the rows d"):
        check.look()
