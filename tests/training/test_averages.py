"""Averages of weights, and the BatchNorm statistics that fit them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from foldline.params.section import parse
from foldline.training.averages import Averages as Section
from foldline.training.averages import (
    EmaFraction,
    EmaSpan,
    Follower,
    Passes,
    TrainingStatistics,
    UpdateBn,
    WeightAverage,
)
from foldline.training.batches import Batch

FORWARD = {"kind": "update_bn", "batches": 2}
EPOCHS = 5


def average_of(followed: nn.Module, steps_per_epoch: int = 4, **section: Any) -> Follower:
    statistics = {} if section["kind"] == "none" else {"statistics": FORWARD}
    parsed = parse(statistics | section, Section, "average")
    return parsed.follow(followed, Passes(squares, 8), steps_per_epoch, EPOCHS)


def squares(logits: Tensor, targets: Tensor) -> Tensor:
    return logits.square().sum(dim=1)


def follow(average: Follower, followed: nn.Linear, values: list[float], steps_per_epoch: int) -> list[float]:
    """The averaged weight after each step; an epoch is finished after every `steps_per_epoch`."""
    seen = []
    for step, value in enumerate(values, start=1):
        nn.init.constant_(followed.weight, value)
        average.update()
        if step % steps_per_epoch == 0:
            average.finish_epoch([], Accelerator(cpu=True))
        assert isinstance(average.model, nn.Linear)
        seen.append(average.model.weight.item())
    return seen


def linear(value: float = 0.0) -> nn.Linear:
    layer = nn.Linear(1, 1, bias=False)
    nn.init.constant_(layer.weight, value)
    return layer


def batch(values: list[float]) -> Batch:
    images = torch.tensor(values, dtype=torch.float32)[:, None, None, None]
    return Batch(images, torch.zeros(len(values), 1), torch.ones(len(values)), torch.arange(len(values)), len(values))


def test_decay_warms_up() -> None:
    """From 0 towards 10: decays of 1/10, 2/11 and then 3/12 held at 0.2."""
    followed = linear()
    seen = follow(average_of(followed, kind="ema", decay=0.2), followed, [10.0] * 4, 4)
    expected = [10 * (1 - decay) for decay in np.cumprod([1 / 10, 2 / 11, 0.2, 0.2])]
    assert seen == pytest.approx(expected)


def test_span_is_that_of_pandas() -> None:
    """With one step an epoch and after a long warm-up, an average of span 3 moves as pandas' does."""
    section = parse({"kind": "ema_span", "span_epochs": 10.0, "statistics": FORWARD}, EmaSpan, "average")
    assert section.step_decay(1, EPOCHS) == pytest.approx(9 / 11)
    assert section.step_decay(7, EPOCHS) ** 7 == pytest.approx(9 / 11)
    values = list(np.random.default_rng(0).normal(size=40))
    followed = linear()
    seen = follow(average_of(followed, 1, kind="ema_span", span_epochs=3.0), followed, values, 1)
    reference = pd.Series(values).ewm(span=3, adjust=False).mean()
    assert seen[-1] == pytest.approx(reference.iloc[-1], abs=1e-6)


def test_a_fraction_of_the_training_is_a_span_of_its_steps() -> None:
    """Of five steps three; of ten six; and at least the newest weights."""
    section = parse({"kind": "ema_fraction", "fraction": 0.6, "statistics": FORWARD}, EmaFraction, "average")
    assert section.step_decay(1, 5) == pytest.approx(2 / 4)
    assert section.step_decay(2, 5) == section.step_decay(5, 2) == pytest.approx(5 / 7)
    assert section.step_decay(1, 1) == 0.0


def test_arithmetic_mean_of_steps_from_an_epoch_on() -> None:
    """Two steps an epoch, from the second epoch: until then the weights themselves."""
    followed = linear()
    average = average_of(followed, 2, kind="mean", from_epoch=2, every="step")
    assert follow(average, followed, [5.0, 7.0, 1.0, 2.0, 6.0, 3.0], 2) == pytest.approx([5, 7, 1, 1.5, 3, 3])


def test_arithmetic_mean_of_epochs() -> None:
    """Each epoch's last weights: 7; then 2, (2 + 3) / 2."""
    followed = linear()
    average = average_of(followed, 2, kind="mean", from_epoch=2, every="epoch")
    assert follow(average, followed, [5.0, 7.0, 1.0, 2.0, 6.0, 3.0], 2) == pytest.approx([0, 7, 7, 2, 2, 2.5])


def normed() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), linear(1.0), nn.BatchNorm1d(1), nn.Dropout(0.5))


def test_batchnorm_statistics_are_those_of_the_averaged_weights() -> None:
    """The layer doubles after the average has all but settled; the running statistics follow the doubled one."""
    followed = normed()
    average = average_of(followed, kind="ema", decay=0.5)
    nn.init.constant_(followed[1].weight, 2.0)  # type: ignore[arg-type]
    followed(batch([100.0, 900.0]).images)
    average.update()
    weight = average.model[1].weight.item()  # type: ignore[index]
    average.finish_epoch([batch([1, 3]), batch([2, 6]), batch([100, 900])], Accelerator(cpu=True))
    statistics = average.model[2]  # type: ignore[index]
    assert statistics.running_mean.item() == pytest.approx(weight * (2 + 4) / 2)
    assert statistics.running_var.item() == pytest.approx(weight**2 * (2 + 8) / 2)
    assert statistics.momentum == 0.1
    assert followed[2].running_mean.item() > 20  # the followed model keeps its own


def test_frozen_batchnorm_keeps_its_statistics() -> None:
    followed = normed()
    average = average_of(followed, kind="ema", decay=0.5)
    followed[2].eval()
    average.update()
    average.finish_epoch([batch([1, 3])], Accelerator(cpu=True))
    assert average.model[2].running_mean.item() == 0.0  # type: ignore[index]


def test_statistics_by_short_training_move_weights_by_the_rate() -> None:
    """A batch of 2 and 6 under momentum 0.1: the mean moves from 0 to 0.4 and, as weights stand still, to 0.76."""
    section = TrainingStatistics(kind="training", batches=2, rate=1e-7)
    model = nn.Sequential(nn.Flatten(), linear(1.0), nn.BatchNorm1d(1))
    before = model[1].weight.item()
    norm = model[2]
    assert isinstance(norm, nn.BatchNorm1d)

    def loss(logits: Tensor, targets: Tensor) -> Tensor:
        return (3 * logits).square().sum(1) + logits.sum(1)

    section.refresh(model, [norm], [batch([2, 6])] * 5, Accelerator(cpu=True), Passes(loss, 8))
    assert norm.running_mean is not None
    assert norm.running_mean.item() == pytest.approx(0.76)
    assert model[1].weight.item() == pytest.approx(before, abs=1e-6)
    assert norm.bias.item() != 0.0
    assert not norm.training


def test_gradients_of_micro_batches_add_up_to_the_batchs() -> None:
    section = TrainingStatistics(kind="training", batches=2, rate=0.01)
    weights = []
    for most in (1, 2, 5):
        model = nn.Sequential(nn.Flatten(), linear(1.0))
        section.refresh(model, [], [batch([2, 6, 1, 3, 5])] * 2, Accelerator(cpu=True), Passes(squares, most))
        weights.append(model[1].weight.item())
    assert weights == pytest.approx([weights[0]] * 3)
    assert weights[0] != 1.0


def test_all_of_the_batches_that_are_asked_for() -> None:
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(1))
    norm = model[1]
    assert isinstance(norm, nn.BatchNorm1d)
    batches = [batch([0, 2]), batch([4, 6]), batch([100, 200])]
    section = UpdateBn(kind="update_bn", batches=2)
    section.refresh(model, [norm], batches, Accelerator(cpu=True), Passes(squares, 8))
    assert norm.running_mean is not None and norm.running_mean.item() == 3.0


def test_state_comes_back() -> None:
    followed = nn.Linear(3, 2)
    average, other = (WeightAverage(followed, lambda taken: 0.1, lambda *rest: None) for _ in range(2))
    with torch.no_grad():
        followed.weight.mul_(5)
    average.update()
    other.load_state_dict(average.state_dict())
    for each in (average, other):
        each.update()
    assert torch.equal(average.model.weight, other.model.weight)  # type: ignore[arg-type]


def test_none_is_the_model_itself() -> None:
    model = linear()
    average = average_of(model, kind="none")
    assert type(average) is Follower
    assert average.model is model
