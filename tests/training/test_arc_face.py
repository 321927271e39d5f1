"""ArcFace: angles to a direction per class, and the margin that the right one must make up for."""

import math
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator

from foldline.experiment.fitting import unlearnable
from foldline.params.section import parse
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold
from foldline.training.heads import Heads
from foldline.training.layers import ScaledCosines
from foldline.training.loss_functions import cross_entropy, with_angular_margin
from foldline.training.measuring import validation
from foldline.training.training_setup import build_training
from tests.training.small import MODEL, small_fold, train_section
from tests.training.test_objectives import of_kind

HEAD = {"kind": "arc_face", "scale": 10.0, "margin": 0.5}


def test_logits_are_cosines() -> None:
    head = ScaledCosines(2, 3, scale=10.0)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[2.0, 0.0], [0.0, 0.5], [-1.0, 0.0]]))
    assert head(torch.tensor([[3.0, 4.0]]))[0].tolist() == pytest.approx([6.0, 8.0, -6.0])
    with torch.autocast("cpu", torch.bfloat16):
        assert head(torch.tensor([[3.0, 4.0]]))[0].tolist() == pytest.approx([6.0, 8.0, -6.0])


def test_the_right_angle_grows_by_the_margin() -> None:
    """A soft target's by its part. The others stay."""
    logits = torch.tensor([[5.0, 8.0, -6.0]])
    targets = torch.tensor([[0.75, 0.25, 0.0]])
    expected = [10 * math.cos(math.acos(0.5) + 0.375), 10 * math.cos(math.acos(0.8) + 0.125), -6.0]
    assert with_angular_margin(logits, targets, 10.0, 0.5)[0].tolist() == pytest.approx(expected)


def test_beyond_half_a_turn_it_still_falls() -> None:
    """At every angle more margin is a smaller logit, and a larger cosine a larger one."""
    logits = torch.linspace(-10, 10, 101)[:, None]
    right = torch.ones_like(logits)
    found = with_angular_margin(logits, right, 10.0, 0.5)
    assert (found < logits + 1e-3).all()
    assert (found.diff(dim=0)[1:] > -1e-3).all()


def test_its_slope_is_finite_everywhere() -> None:
    logits = torch.tensor([[10.0, -10.0], [-10.0, 10.0]], requires_grad=True)
    cross_entropy(with_angular_margin(logits, torch.eye(2), 10.0, 0.5), torch.eye(2), 0.0).sum().backward()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_without_a_margin_it_is_the_loss() -> None:
    head = parse(HEAD | {"margin": 0.0}, Heads, "head")
    logits, targets = torch.tensor([[5.0, 8.0, -6.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    hardened = head.hardened(lambda logits, targets: cross_entropy(logits, targets, 0.0))
    assert hardened(logits, targets).item() == pytest.approx(cross_entropy(logits, targets, 0.0).item(), rel=1e-5)


def test_steps_have_the_margin_and_validation_has_none(tmp_path: Path) -> None:
    fold, config = small_fold(), train_section(model=MODEL | {"head": HEAD}, epochs=5)
    setup = build_training(fold, config, 4, torch.device("cpu"))
    logits, targets = torch.tensor([[5.0, 5.0, -6.0]]), torch.tensor([[0.0, 1.0, 0.0]])
    plain = cross_entropy(logits, targets, 0.0).item()
    assert setup.judged_by.loss(logits, targets).item() == pytest.approx(plain)
    assert setup.objective.loss(logits, targets).item() > plain + 1
    trained = train_fold(fold, config, Checkpoints(tmp_path, {}), Accelerator(cpu=True))
    validate = validation(fold.pixels, fold.validation, setup.judged_by, config, Accelerator(cpu=True))
    assert trained.kept["validation_loss"] == pytest.approx(validate(trained.model)[0])
    assert trained.history[-1]["train_loss"] < trained.history[0]["train_loss"]


def test_it_is_refused_for_rows_of_several_classes() -> None:
    several = train_section(model=MODEL | {"head": HEAD}, loss={"kind": "binary_cross_entropy", "smoothing": 0.0})
    [line] = unlearnable(several, of_kind("multilabel"))
    assert "`train.model.head.kind` is arc_face, which speaks of one class for each image" in line
    assert line.endswith("Set it to `linear`.")
