"""Kinds of targets: outputs, soft targets, what is right."""

from typing import Any

import numpy as np
import pytest
import torch

from foldline.card.activations import ColumnSoftmax
from foldline.card.target import TARGETS
from foldline.card.targets.target_kind import TargetKind
from foldline.experiment.fitting import unlearnable
from foldline.folds.training_table import soft_targets
from foldline.params.section import parse
from foldline.training.losses import Losses
from foldline.training.objectives import Objective, build_objective
from tests.training.small import train_section

LOSSES: dict[str, dict[str, Any]] = {
    "cross_entropy": {"kind": "cross_entropy", "smoothing": 0.0},
    "binary_cross_entropy": {"kind": "binary_cross_entropy", "smoothing": 0.0},
    "focal": {"kind": "focal", "gamma": 2.0},
    "cumulative_link": {"kind": "cumulative_link"},
    "mean_squared_error": {"kind": "mean_squared_error"},
    "mean_absolute_error": {"kind": "mean_absolute_error"},
    "huber": {"kind": "huber", "delta": 1.0},
}
CODES = np.array([0, 2, 1, 2])
LABELS = np.array([[1, 0, 1], [0, 0, 0]], np.uint8)
COLUMNS = np.array([[0, 4], [1, -1], [-1, -1], [0, 2]])
SHARES = np.array([[0, 0.75, 0.25], [0.5, 0.25, 0.25]], np.float32)
VALUES = np.array([[1.0], [2.0], [6.0]], np.float32)
SEVERAL = np.array([[1, np.nan, 5], [3, np.nan, 5]], np.float32)


VALUE_LOSSES = {"mean_squared_error", "mean_absolute_error", "huber"}
OF_CLASSES = {"cross_entropy", "focal", "binary_cross_entropy"}
FITTING = {
    **dict.fromkeys(("multiclass", "open_set", "ranked"), OF_CLASSES),
    "multilabel": {"binary_cross_entropy", "focal"},
    "ordinal": {"cross_entropy", "focal", "cumulative_link", *VALUE_LOSSES},
    "regression": VALUE_LOSSES,
}
"""By the kind of target: the losses that it takes, where these are not those of a distribution."""


def of_kind(name: str) -> TargetKind:
    return TARGETS[name].model_construct(kind=name)


def objective(target: str, loss: str, training: np.ndarray = CODES, classes: int = 3) -> Objective:
    learned = parse(LOSSES[loss], Losses, "loss")
    activation = learned.fitting_activation(TARGETS[target].activations, target)
    return build_objective(activation, learned, (classes,), soft_targets(training, classes))


def of_columns(loss: str) -> Objective:
    """Of two labels, one of 2 and one of 3."""
    return build_objective(ColumnSoftmax, parse(LOSSES[loss], Losses, "loss"), (2, 3), soft_targets(COLUMNS, 5))


def dense(graded: np.ndarray, classes: int = 3) -> torch.Tensor:
    return torch.from_numpy(soft_targets(graded, classes).toarray())


def test_several_labels_have_a_softmax_each() -> None:
    found = of_columns("focal")
    assert (found.activation, found.outputs) == (ColumnSoftmax(kind="column_softmax", sizes=(2, 3)), 5)
    soft = found.soft_targets(dense(COLUMNS, 5))
    assert soft.tolist() == [[1, 0, 0, 0, 1], [0, 1, 0, 0, 0], [0] * 5, [1, 0, 1, 0, 0]]
    logits = torch.tensor([[1.0, 0, 0, 2, 1]] * 4)
    assert found.correct(logits, soft).tolist() == [0.5, 0, 0, 0.5]


@pytest.mark.parametrize(
    ("target", "loss", "activation", "outputs"),
    [
        ("multiclass", "cross_entropy", "softmax", 3),
        ("ranked", "binary_cross_entropy", "normalised_sigmoid", 3),
        ("multilabel", "binary_cross_entropy", "sigmoid", 3),
        ("multilabel", "focal", "sigmoid", 3),
        ("ordinal", "focal", "softmax", 3),
        ("ordinal", "cumulative_link", "cumulative_link", 2),
        ("ordinal", "huber", "level", 1),
        ("open_set", "cross_entropy", "softmax", 3),
        ("label_distribution", "focal", "softmax", 3),
        ("regression", "mean_squared_error", "identity", 3),
    ],
)
def test_outputs_and_activation(target: str, loss: str, activation: str, outputs: int) -> None:
    training = {"multilabel": LABELS, "label_distribution": SHARES, "regression": SEVERAL}.get(target, CODES)
    found = objective(target, loss, training)
    assert (found.activation.kind, found.outputs) == (activation, outputs)


@pytest.mark.parametrize("target", TARGETS)
def test_refuses_losses_that_do_not_fit(target: str) -> None:
    fitting = FITTING.get(target, {"cross_entropy", "focal"})
    for loss in LOSSES.keys() - fitting:
        train = train_section(loss=LOSSES[loss])
        [unfit] = unlearnable(train, of_kind(target))
        assert unfit.startswith(
            f"params.yaml: `train.loss.kind` is {loss}, which does not fit a target of kind {target}. "
        )
        assert set(unfit.partition("Fitting: ")[2].removesuffix(".").split(", ")) == {*fitting, "python"}
    for loss in fitting:
        assert list(unlearnable(train_section(loss=LOSSES[loss]), of_kind(target))) == []


def test_all_that_cannot_be_learned_is_named_before_any_work() -> None:
    weighted = train_section(loss=LOSSES["huber"], imbalance={"kind": "class_weights"})
    [unfit] = unlearnable(weighted, of_kind("multiclass"))
    assert "which does not fit a target of kind multiclass" in unfit
    [uneven] = unlearnable(weighted, of_kind("regression"))
    assert "`train.imbalance.kind` is class_weights" in uneven
    assert list(unlearnable(train_section(imbalance={"kind": "class_weights"}), of_kind("ordinal"))) == []
    [uneven] = unlearnable(train_section(imbalance={"kind": "class_weights"}), of_kind("label_distribution"))
    assert "`train.imbalance.kind` is class_weights, which speaks of one class" in uneven


def test_soft_targets() -> None:
    codes = dense(np.array([0, 2]))
    assert objective("multiclass", "cross_entropy").soft_targets(codes).tolist() == [[1, 0, 0], [0, 0, 1]]
    assert objective("ordinal", "cumulative_link").soft_targets(codes).tolist() == [[0, 0], [1, 1]]
    assert objective("ordinal", "huber").soft_targets(codes).tolist() == [[0], [2]]
    labels = dense(LABELS)
    assert objective("multilabel", "focal", LABELS).soft_targets(labels).tolist() == LABELS.tolist()
    assert objective("label_distribution", "focal", SHARES).soft_targets(dense(SHARES)).tolist() == SHARES.tolist()
    assert objective("regression", "huber", VALUES, 1).soft_targets(dense(VALUES, 1)).tolist() == [[1], [2], [6]]


def test_a_soft_target_of_levels_lies_between_them() -> None:
    """Half of it at level 0, half at level 2."""
    halves = torch.tensor([[0.5, 0.0, 0.5]])
    assert objective("ordinal", "cumulative_link").soft_targets(halves).tolist() == [[0.5, 0.5]]
    assert objective("ordinal", "huber").soft_targets(halves).tolist() == [[1.0]]


def test_right() -> None:
    of_classes = objective("multiclass", "cross_entropy")
    assert of_classes.correct(
        torch.tensor([[0.0, 2.0, 1.0]] * 2), of_classes.soft_targets(dense(np.array([1, 2])))
    ).tolist() == [
        1,
        0,
    ]
    of_votes = objective("label_distribution", "cross_entropy", SHARES)
    assert of_votes.correct(torch.tensor([[0.0, 2.0, 1.0]] * 2), torch.from_numpy(SHARES)[:2]).tolist() == [1, 0]
    of_labels = objective("multilabel", "focal", LABELS)
    assert of_labels.correct(torch.tensor([[1.0, 1.0, -1.0]]), torch.tensor([[1.0, 0.0, 0.0]])).item() == pytest.approx(
        2 / 3
    )
    of_levels = objective("ordinal", "cumulative_link")
    assert of_levels.correct(
        torch.tensor([[3.0, -1.0]] * 2), of_levels.soft_targets(dense(np.array([1, 2])))
    ).tolist() == [1, 0]
    of_values = objective("ordinal", "huber")
    assert of_values.correct(
        torch.tensor([[1.4], [1.6]]), of_values.soft_targets(dense(np.array([1, 1])))
    ).tolist() == [1, 0]
    of_numbers = objective("regression", "huber", VALUES, 1)
    assert of_numbers.correct(torch.tensor([[1.0]]), torch.tensor([[1.0]])).isnan().all()


def test_values_have_their_mean_and_spread() -> None:
    found = objective("regression", "mean_squared_error", VALUES, 1)
    assert (found.target_mean.item(), found.target_std.item()) == (pytest.approx(3.0), pytest.approx(VALUES.std()))
    levels = objective("ordinal", "huber")
    assert (levels.target_mean.item(), levels.target_std.item()) == (pytest.approx(1.25), pytest.approx(CODES.std()))
    plain = objective("multiclass", "focal")
    assert (plain.target_mean.tolist(), plain.target_std.tolist()) == ([0, 0, 0], [1, 1, 1])


def test_each_column_has_its_own_spread_without_its_missing_numbers() -> None:
    """The first as it is, the second has none, the third does not vary."""
    found = objective("regression", "mean_squared_error", SEVERAL)
    assert (found.target_mean.tolist(), found.target_std.tolist()) == ([2, 0, 5], [1, 1, 1])
    wide = objective("regression", "mean_squared_error", np.array([[0, 0], [2, 20]], np.float32), 2)
    assert wide.loss(torch.zeros(1, 2), torch.tensor([[1.0, 10.0]])).item() == pytest.approx((1 + 1) / 2)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber"])
def test_a_missing_number_counts_neither_in_the_loss_nor_in_its_gradient(loss: str) -> None:
    """Each known number counts as much as in an image that lacks none."""
    found = objective("regression", loss, np.array([[0, 0], [2, 2]], np.float32), 2)
    logits = torch.tensor([[3.0, 4.0]], requires_grad=True)
    whole, gap = (found.loss(logits, torch.tensor([[1.0, second]])) for second in (4.0, float("nan")))
    assert gap.item() == whole.item() > 0
    (slope,) = torch.autograd.grad(gap.sum(), logits)
    assert slope[0, 1] == 0
    assert torch.equal(slope, torch.autograd.grad(whole.sum(), logits)[0])
