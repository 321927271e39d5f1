"""Parts `train.optimizer` and `train.clipping`: how a step moves the weights; and an optimiser's rates and momenta."""

import difflib
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

from pydantic import NonNegativeFloat, PositiveFloat, model_validator

from foldline.files.refusal import Refusal, listed
from foldline.params.kinds import union_of
from foldline.params.section import FractionBelowOne
from foldline.training.schedules import ByStep
from foldline.training.train_part import Accelerator, Kind, Module, Optimizer

Groups = list[dict[str, Any]]
SetHyperparameters = Callable[[Optimizer, int], None]
"""Called before each step, with its number."""


class OptimizerKind(Kind):
    weight_decay: NonNegativeFloat

    def build(self, groups: Groups) -> Optimizer:
        """`groups`: of parameters, each with its rate and weight decay."""
        raise NotImplementedError


class Sgd(OptimizerKind):
    """Momentum is the schedule's where that has one (`one_cycle_linear`, `one_cycle_cosine`)."""

    kind: Literal["sgd"]
    momentum: FractionBelowOne
    nesterov: bool

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "Sgd":
        if self.nesterov and self.momentum == 0:
            raise ValueError("optimizer.nesterov is true but optimizer.momentum is 0: it looks ahead by the momentum")
        return self

    def build(self, groups: Groups) -> Optimizer:
        from torch.optim import SGD

        return SGD(groups, momentum=self.momentum, nesterov=self.nesterov)


class Adam(OptimizerKind):
    """Weight decay is added to the gradient, unlike in `adamw`."""

    kind: Literal["adam"]
    beta1: FractionBelowOne
    beta2: FractionBelowOne
    decouples_weight_decay: ClassVar[bool] = False

    def build(self, groups: Groups) -> Optimizer:
        from torch.optim import Adam

        return Adam(groups, betas=(self.beta1, self.beta2), decoupled_weight_decay=self.decouples_weight_decay)


class AdamW(Adam):
    """Weight decay apart from the gradient (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"]  # type: ignore[assignment]
    decouples_weight_decay: ClassVar[bool] = True


class OfTimm(OptimizerKind):
    """Any other of timm's factory: `python -c "import timm.optim; print(timm.optim.list_optimizers())"`."""

    kind: Literal["timm"]
    name: str
    options: dict[str, bool | int | float | str]
    """What the optimiser takes besides rate and weight decay, {} for its own values."""

    def build(self, groups: Groups) -> Optimizer:
        """Raises Refusal when timm knows no such optimiser, or when it does not take its options."""
        from timm.optim._optim_factory import create_optimizer_v2, get_optimizer_info, list_optimizers

        name, known = self.name, list_optimizers()
        if name not in known:
            close = difflib.get_close_matches(name, known, n=5) or known
            raise Refusal(f"train.optimizer.name: timm knows no optimiser `{name}`. Close: {listed(close)}.")
        if get_optimizer_info(name).second_order:
            raise Refusal(f"train.optimizer.name: `{name}` needs gradients of gradients. Use another.")
        options: dict[str, Any] = dict(self.options)
        # timm's word for the highest rate that there will be, by which weight decay falls in adamc and its like.
        told = [{**group, "max_lr_snapshot": group["peak_rate"]} for group in groups]
        try:
            # Each group has a rate of its own; but without one here adafactor would put its own in their place.
            return create_optimizer_v2(told, name, lr=told[0]["lr"], weight_decay=0.0, **options)
        except Exception as error:
            raise Refusal(
                f"train.optimizer: timm's `{name}` cannot be had with the options {self.options} ({error})."
            ) from None


class Clipping(Kind):
    def clip(self, accelerator: Accelerator, model: Module) -> None:
        """Keep the gradients in bounds, between the last backward pass of a step and the step."""


class NoClipping(Clipping):
    kind: Literal["none"]


class ClipNorm(Clipping):
    """The norm of all gradients together."""

    kind: Literal["norm"]
    limit: PositiveFloat

    def clip(self, accelerator: Accelerator, model: Module) -> None:
        accelerator.clip_grad_norm_(model.parameters(), self.limit)


class ClipValue(Clipping):
    """Each number of each gradient."""

    kind: Literal["value"]
    limit: PositiveFloat

    def clip(self, accelerator: Accelerator, model: Module) -> None:
        accelerator.clip_grad_value_(model.parameters(), self.limit)


Optimizers = Annotated[OptimizerKind, union_of("foldline.training.optimizers", OptimizerKind)]
Clippings = Annotated[Clipping, union_of("foldline.training.optimizers", Clipping)]


def hyperparameters(rates: ByStep, momenta: ByStep | None, optimizer: Optimizer) -> SetHyperparameters:
    """Every group's learning rate becomes a factor of its own peak; momentum, where it has a schedule, is of all.

    Raises Refusal when there is a schedule for the momentum of an optimiser that has none.
    """
    if momenta is not None and not all("momentum" in group or "betas" in group for group in optimizer.param_groups):
        raise Refusal(
            f"train.schedule moves the momentum, but {type(optimizer).__name__} has none. "
            "Use another train.optimizer, or a schedule without momentum (warmup_cosine, restarts)."
        )

    def set_hyperparameters(prepared: Optimizer, step: int) -> None:
        set_rates(prepared, rates(step))
        if momenta is None:
            return
        momentum = momenta(step)
        for group in prepared.param_groups:
            # For optimisers of Adam's type it is beta1.
            group |= {"betas": (momentum, *group["betas"][1:])} if "betas" in group else {"momentum": momentum}

    return set_hyperparameters


def set_rates(optimizer: Optimizer, factor: float) -> None:
    """Every group's learning rate becomes `factor` times its own peak."""
    for group in optimizer.param_groups:
        group["lr"] = group["peak_rate"] * factor
