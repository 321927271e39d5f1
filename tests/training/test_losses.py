"""Losses per image, from soft targets."""

from typing import Any

import pytest
import torch
from scipy.sparse import csr_array
from torch import Tensor
from torch.nn import functional

from foldline.card.activations import ColumnSoftmax, Learned
from foldline.params.section import parse
from foldline.training.losses import Losses as Section
from foldline.training.losses import LossFunction
from foldline.training.objectives import build_objective

LOGITS = torch.tensor([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
SOFT = torch.tensor([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0]])
MANY = torch.randn(6, 5, generator=torch.Generator().manual_seed(0)) * 3
CLASSES = torch.tensor([0, 4, 2, 1, 3, 3])
ONE_HOT = functional.one_hot(CLASSES, 5).float()


def loss(learned: Learned = "distribution", scale: float = 1.0, **section: Any) -> LossFunction:
    return parse(section, Section, "loss").build(learned, torch.tensor([scale]))


def of_columns(**section: Any) -> LossFunction:
    """Over two columns, of 2 and of 3 classes."""
    training = csr_array(ONE_HOT.numpy())
    return build_objective(ColumnSoftmax, parse(section, Section, "loss"), (2, 3), training).loss


def test_cross_entropy_by_hand() -> None:
    losses = loss(kind="cross_entropy", smoothing=0.0)(LOGITS, SOFT)
    assert losses.tolist() == pytest.approx([0.693147, 0.126928, 2.126928], abs=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_equals_torchs(smoothing: float) -> None:
    reference = functional.cross_entropy(MANY, CLASSES, reduction="none", label_smoothing=smoothing)
    assert torch.allclose(loss(kind="cross_entropy", smoothing=smoothing)(MANY, ONE_HOT), reference, atol=1e-6)


@pytest.mark.parametrize(
    "section",
    [
        {"kind": "cross_entropy", "smoothing": 0.1},
        {"kind": "binary_cross_entropy", "smoothing": 0.1},
        {"kind": "focal", "gamma": 2.0},
        {"kind": "focal", "gamma": 2.0, "learned": "each"},
        {"kind": "cumulative_link"},
    ],
    ids=lambda section: "-".join(map(str, section.values())),
)
def test_soft_targets_share_the_losses_of_their_parts(section: dict[str, Any]) -> None:
    """0.3 of one target and 0.7 of another: what mixing asks of a loss."""
    other = ONE_HOT.roll(1, dims=1)
    for of in (loss(**section), *([] if "learned" in section else [of_columns(**section)])):
        mixed = of(MANY, 0.3 * ONE_HOT + 0.7 * other)
        assert torch.allclose(mixed, 0.3 * of(MANY, ONE_HOT) + 0.7 * of(MANY, other), atol=1e-5)


def test_binary_cross_entropy_by_hand() -> None:
    """Probabilities 1/2 and 1/2; 0.880797 and 1/2, drawn from 1 and 0 to 0.9 and 0.1."""
    hard = loss(kind="binary_cross_entropy", smoothing=0.0)(LOGITS[:2], SOFT[:2])
    assert hard.tolist() == pytest.approx([0.693147, (0.126928 + 0.693147) / 2], abs=1e-6)
    smooth = loss(kind="binary_cross_entropy", smoothing=0.2)(LOGITS[1:2], SOFT[1:2])
    assert smooth.item() == pytest.approx((0.9 * 0.126928 + 0.1 * 2.126928 + 0.693147) / 2, abs=1e-6)


def test_focal_by_hand() -> None:
    """The right class has a probability of 1/2, of 0.880797 and of 0.119203."""
    expected = [0.5**2 * 0.693147, 0.119203**2 * 0.126928, 0.880797**2 * 2.126928]
    assert loss(kind="focal", gamma=2.0)(LOGITS, SOFT).tolist() == pytest.approx(expected, abs=1e-6)


def test_focal_of_labels_equals_torchvisions() -> None:
    from torchvision.ops import sigmoid_focal_loss

    targets = (MANY.roll(1) > 0).float()
    reference = sigmoid_focal_loss(MANY, targets, alpha=-1, gamma=1.5).mean(dim=1)
    assert torch.allclose(loss("each", kind="focal", gamma=1.5)(MANY, targets), reference, atol=1e-6)


def test_focal_without_gamma_is_cross_entropy() -> None:
    plain = loss(kind="cross_entropy", smoothing=0.0)(MANY, ONE_HOT)
    assert torch.allclose(loss(kind="focal", gamma=0.0)(MANY, ONE_HOT), plain, atol=1e-6)


@pytest.mark.parametrize("learned", ["distribution", "each"])
def test_focal_has_finite_slopes_where_the_answer_is_certain(learned: Learned) -> None:
    logits = torch.tensor([[200.0, -200.0]], requires_grad=True)
    loss(learned, kind="focal", gamma=0.5)(logits, torch.tensor([[1.0, 0.0]])).sum().backward()
    assert logits.grad is not None and logits.grad.isfinite().all()


def test_errors_of_values_are_in_units_of_the_spread() -> None:
    logits, targets = torch.tensor([[10.0], [30.0]]), torch.tensor([[20.0], [25.0]])

    def of(**section: Any) -> Tensor:
        return loss(scale=10.0, **section)(logits, targets)

    assert of(kind="mean_squared_error").tolist() == [1.0, 0.25]
    assert of(kind="mean_absolute_error").tolist() == [1.0, 0.5]
    assert of(kind="huber", delta=0.8).tolist() == pytest.approx([0.8 * (1 - 0.4), 0.125])


@pytest.mark.parametrize("section", [{"kind": "cross_entropy", "smoothing": 0.1}, {"kind": "focal", "gamma": 2.0}])
def test_several_columns_cost_the_mean_of_what_each_costs(section: dict[str, Any]) -> None:
    targets = torch.tensor([[1.0, 0, 0, 0, 1], [0, 1, 1, 0, 0]])
    together = of_columns(**section)(MANY[:2], targets)
    of_one = loss(**section)
    each = (of_one(MANY[:2, :2], targets[:, :2]) + of_one(MANY[:2, 2:], targets[:, 2:])) / 2
    assert torch.allclose(together, each)


@pytest.mark.parametrize("section", [{"kind": "cross_entropy", "smoothing": 0.1}, {"kind": "focal", "gamma": 2.0}])
def test_a_missing_label_counts_neither_in_the_loss_nor_in_its_gradient(section: dict[str, Any]) -> None:
    """The known one costs as much as in an image that lacks none."""
    logits = MANY[:1].clone().requires_grad_()
    gap = of_columns(**section)(logits, torch.tensor([[1.0, 0, 0, 0, 0]]))
    assert gap.item() == pytest.approx(loss(**section)(MANY[:1, :2], torch.tensor([[1.0, 0]])).item() / 2)
    (slope,) = torch.autograd.grad(gap.sum(), logits)
    assert slope[0, :2].abs().min() > 0
    assert slope[0, 2:].tolist() == [0, 0, 0]


@pytest.mark.parametrize("kind", ["cross_entropy", "binary_cross_entropy"])
def test_validation_measures_without_smoothing(kind: str) -> None:
    smoothed = parse({"kind": kind, "smoothing": 0.2}, Section, "loss")
    assert smoothed.measured("each") == parse({"kind": kind, "smoothing": 0.0}, Section, "loss")
    assert smoothed.measured("each").measured("each") == smoothed.measured("each")


@pytest.mark.parametrize(("learned", "kind"), [("distribution", "cross_entropy"), ("each", "binary_cross_entropy")])
def test_validation_of_a_focal_loss_measures_what_it_is_without_its_gamma(learned: Learned, kind: str) -> None:
    focal = parse({"kind": "focal", "gamma": 2.0}, Section, "loss").measured(learned)
    assert focal == parse({"kind": kind, "smoothing": 0.0}, Section, "loss")
    plain = parse({"kind": "focal", "gamma": 0.0}, Section, "loss").build(learned, torch.ones(5))
    assert torch.allclose(focal.build(learned, torch.ones(5))(MANY, ONE_HOT), plain(MANY, ONE_HOT))
