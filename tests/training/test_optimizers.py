"""Optimisers from their section, momenta and rates from their schedules, clipping."""

import pytest
import torch
from accelerate import Accelerator
from torch import nn
from torch.optim import SGD, Adagrad

from foldline.files.refusal import Refusal
from foldline.training.optimizers import Adam, ClipNorm, ClipValue, NoClipping, OfTimm, Sgd, hyperparameters, set_rates


def groups() -> list[dict]:
    return [
        {"params": [nn.Parameter(torch.ones(2))], "peak_rate": rate, "lr": rate, "weight_decay": 0.1}
        for rate in (0.1, 1.0)
    ]


def test_rates_keep_their_own_peaks_and_momentum_is_of_all() -> None:
    optimizer = Sgd(kind="sgd", momentum=0.9, nesterov=False, weight_decay=0.1).build(groups())
    hyperparameters(lambda step: step / 10, lambda step: 0.5 + step / 10, optimizer)(optimizer, 3)
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([0.03, 0.3])
    assert [group["momentum"] for group in optimizer.param_groups] == [0.8, 0.8]


def test_momentum_of_adam_is_beta1() -> None:
    optimizer = Adam(kind="adam", beta1=0.9, beta2=0.99, weight_decay=0.1).build(groups())
    hyperparameters(lambda step: 1.0, lambda step: 0.7, optimizer)(optimizer, 0)
    assert optimizer.param_groups[0]["betas"] == (0.7, 0.99)
    assert optimizer.param_groups[0]["weight_decay"] == 0.1


def test_refuses_a_momentum_where_there_is_none() -> None:
    with pytest.raises(Refusal, match=r"moves the momentum, but Adagrad has none"):
        hyperparameters(lambda step: 1.0, lambda step: 0.9, Adagrad(groups()))


def test_any_of_timms() -> None:
    section = OfTimm(kind="timm", name="lamb", options={"max_grad_norm": 2.0}, weight_decay=0.1)
    optimizer = section.build(groups())
    assert type(optimizer).__name__ == "Lamb"
    assert optimizer.defaults["max_grad_norm"] == 2.0
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.1, 0.1]
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 1.0]


@pytest.mark.parametrize("name", ["adamc", "lionc", "sgdc"])
def test_corrected_weight_decay_is_whole_at_the_peak_rate_and_falls_with_its_square(name: str) -> None:
    optimizer = OfTimm(kind="timm", name=name, options={}, weight_decay=0.1).build(groups())
    weights = [group["params"][0] for group in optimizer.param_groups]
    for factor, expected in ((1.0, [0.99, 0.9]), (0.5, [0.99 * 0.9975, 0.9 * 0.975])):
        set_rates(optimizer, factor)
        for weight in weights:
            weight.grad = torch.zeros(2)
        optimizer.step()
        assert [weight[0].item() for weight in weights] == pytest.approx(expected)


def test_the_rates_are_those_that_are_set_whatever_an_optimiser_does_without() -> None:
    optimizer = OfTimm(kind="timm", name="adafactor", options={}, weight_decay=0.0).build(groups())
    set_rates(optimizer, 0.5)
    for group in optimizer.param_groups:
        group["params"][0].grad = torch.ones(2)
    optimizer.step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.05, 0.5]
    moved = [1 - group["params"][0][0].item() for group in optimizer.param_groups]
    assert moved[1] == pytest.approx(10 * moved[0], rel=1e-4)


def test_refuses_names_and_options_that_timm_does_not_know() -> None:
    with pytest.raises(Refusal, match=r"timm knows no optimiser `lambb`. Close: .*lamb"):
        OfTimm(kind="timm", name="lambb", options={}, weight_decay=0.0).build(groups())
    with pytest.raises(Refusal, match=r"`lamb` cannot be had with the options .*foo"):
        OfTimm(kind="timm", name="lamb", options={"foo": 1}, weight_decay=0.0).build(groups())


def test_clipping_by_norm_by_value_and_not_at_all() -> None:
    expected = {"norm": [0.6, 0.8], "value": [1.0, 1.0], "none": [3.0, 4.0]}
    for section in (ClipNorm(kind="norm", limit=1.0), ClipValue(kind="value", limit=1.0), NoClipping(kind="none")):
        model = nn.Linear(2, 1, bias=False)
        model.weight.grad = torch.tensor([[3.0, 4.0]])
        section.clip(Accelerator(cpu=True), model)
        assert model.weight.grad[0].tolist() == pytest.approx(expected[section.kind], abs=1e-5)


def test_sgd_is_torchs() -> None:
    assert isinstance(Sgd(kind="sgd", momentum=0.0, nesterov=False, weight_decay=0.0).build(groups()), SGD)
