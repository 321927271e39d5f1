"""Averages of weights, and the BatchNorm statistics that fit them."""

import pytest
import torch
from torch import nn

from foldline.config.train import Ema, NoAverage
from foldline.learning.averaging import ExponentialAverage, build_average


def test_decay_warms_up() -> None:
    """From 0 towards 10: decays of 1/10, 2/11 and then 3/12 held at 0.2."""
    followed = nn.Linear(1, 1, bias=False)
    nn.init.zeros_(followed.weight)
    average = ExponentialAverage(followed, decay=0.2, statistics_batches=1)
    nn.init.constant_(followed.weight, 10.0)
    expected = 0.0
    for decay in (1 / 10, 2 / 11, 0.2, 0.2):
        average.update()
        expected = decay * expected + (1 - decay) * 10
        assert average.model.weight.item() == pytest.approx(expected)  # type: ignore[union-attr]


def test_batchnorm_statistics_are_those_of_the_averaged_weights() -> None:
    """The layer doubles after the average has all but settled; the running statistics follow the doubled one."""
    followed = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    linear, norm = followed[0], followed[1]
    assert isinstance(norm, nn.BatchNorm1d)
    average = ExponentialAverage(followed, decay=0.5, statistics_batches=2)
    batches = [torch.tensor([[1.0], [3.0]]), torch.tensor([[2.0], [6.0]]), torch.tensor([[100.0], [900.0]])]
    with torch.no_grad():
        linear.weight.fill_(2.0)
    followed(batches[2])
    average.update()
    weight = average.model[0].weight.item()  # type: ignore[index]
    average.refresh(batches)
    statistics = average.model[1]  # type: ignore[index]
    assert statistics.running_mean.item() == pytest.approx(weight * (2 + 4) / 2)
    assert statistics.running_var.item() == pytest.approx(weight**2 * (2 + 8) / 2)
    assert norm.running_mean is not None and norm.running_mean.item() > 50  # the followed model keeps its own


def test_state_comes_back() -> None:
    followed = nn.Linear(3, 2)
    average, other = (ExponentialAverage(followed, 0.9, 1) for _ in range(2))
    with torch.no_grad():
        followed.weight.mul_(5)
    average.update()
    other.load_state_dict(average.state_dict())
    for each in (average, other):
        each.update()
    assert torch.equal(average.model.weight, other.model.weight)  # type: ignore[arg-type]


def test_kinds() -> None:
    model = nn.Linear(1, 1)
    assert build_average(NoAverage(kind="none"), model).model is model
    assert build_average(Ema(kind="ema", decay=0.9, statistics_batches=1), model).model is not model
