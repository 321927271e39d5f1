"""Parts `train.learning_rates` and `train.freezing`: how fast each of a model's layers learns, and from which epoch on.

Parameters come in groups with a peak learning rate by depth, and no weight decay on norms and biases.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, cast

from pydantic import Field, NonNegativeInt, PositiveFloat, PositiveInt

from foldline.files.refusal import Refusal, listed
from foldline.params.kinds import union_of
from foldline.training.train_part import Kind, Module

if TYPE_CHECKING:
    from foldline.training.models import Classifier
else:
    Classifier = Any

BACKBONE = "backbone."


Groups = Literal["blocks", "stages"]


class OfLayers(Kind):
    @property
    def grouped_by(self) -> Groups | None:
        """Which of timm's layer groups it asks for; None for none."""
        return None


class LearningRates(OfLayers):
    head: PositiveFloat

    def peaks(self, backbone: Module) -> Callable[[str], float]:
        """From the name of one of the backbone's parameters to its peak rate.

        Raises Refusal when timm does not know the model's layers, or knows another number of stages.
        """
        raise NotImplementedError


class LayerDecay(LearningRates):
    """Peak learning rates: `head` for the head, `backbone` for the layers just below it, and
    `backbone * layer_decay**i` for the i-th of timm's layer groups below those (1: the same everywhere)."""

    kind: Literal["layer_decay"]
    backbone: PositiveFloat
    layer_decay: Annotated[float, Field(gt=0, le=1)]
    groups: Groups
    """What a layer group is: each block by itself (51 in a ResNet152), or each stage (5)."""

    @property
    def grouped_by(self) -> Groups | None:
        return self.groups if self.layer_decay != 1 else None

    def peaks(self, backbone: Module) -> Callable[[str], float]:
        if self.grouped_by is None:
            return lambda name: self.backbone
        depths = layer_depths(backbone, self.grouped_by)
        return lambda name: self.backbone * self.layer_decay ** depths[name]


class StageRates(LearningRates):
    """Peak learning rates of the stem, of each stage from the stem up, and of the head."""

    kind: Literal["per_stage"]
    stem: PositiveFloat
    stages: Annotated[tuple[PositiveFloat, ...], Field(min_length=1)]

    @property
    def grouped_by(self) -> Groups | None:
        return "stages"

    def peaks(self, backbone: Module) -> Callable[[str], float]:
        depths = layer_depths(backbone, "stages")
        from_top = (*reversed(self.stages), self.stem)
        if len(from_top) != max(depths.values()) + 1:
            raise Refusal(
                f"train.learning_rates.stages has {len(self.stages)} rates, but timm sees {max(depths.values())} "
                f"stages above the stem of this {type(backbone).__name__}. Give one rate for each."
            )
        return lambda name: from_top[depths[name]]


class Freezing(OfLayers):
    frees_the_head_first: ClassVar[bool] = False

    def start_epoch(self, model: Module, epoch: int) -> bool:
        """Put the model into training mode for an epoch, from 0; whether other parameters learn than before.

        Raises Refusal when stages are to be unfrozen one by one, and timm does not know the model's.
        """
        raise NotImplementedError


class NoFreezing(Freezing):
    kind: Literal["none"]

    def start_epoch(self, model: Module, epoch: int) -> bool:
        return unfreeze(model, {}, 0, False)


class GradualFreezing(Freezing):
    """Only the head learns for `head_epochs`; then the backbone joins, the topmost stage first, one more every
    `stage_epochs`, the stem last (Howard and Ruder 2018); 0: the whole backbone at once."""

    kind: Literal["gradual"]
    frees_the_head_first: ClassVar[bool] = True
    head_epochs: PositiveInt
    stage_epochs: NonNegativeInt
    batchnorm: Literal["train", "eval"]
    """Whether the BatchNorm layers of frozen parts go on following the batches, or stand still."""
    epoch_keys: ClassVar = ("head_epochs",)

    @property
    def grouped_by(self) -> Groups | None:
        return "stages" if self.stage_epochs else None

    def start_epoch(self, model: Module, epoch: int) -> bool:
        backbone = model.get_submodule("backbone")
        if self.grouped_by is not None:
            depths = layer_depths(backbone, self.grouped_by)
            unfrozen = max(0, 1 + (epoch - self.head_epochs) // self.stage_epochs)
        else:
            depths = dict.fromkeys((name for name, _ in backbone.named_parameters()), 0)
            unfrozen = int(epoch >= self.head_epochs)
        return unfreeze(model, depths, unfrozen, self.batchnorm == "eval")


AnyLearningRates = Annotated[LearningRates, union_of("foldline.training.layer_groups", LearningRates)]
Freezings = Annotated[Freezing, union_of("foldline.training.layer_groups", Freezing)]


def parameter_groups(model: Classifier, learning_rates: LearningRates, weight_decay: float) -> list[dict[str, Any]]:
    """Groups for an optimiser, the head's last. Each carries its own `peak_rate`, which a schedule scales.

    Layers are grouped as timm groups them (BEiT's layer-wise decay); layers of equal rate share a group. What belongs
    to neither backbone nor head (a learned pooling) has the head's rate.
    """
    backbone = model.backbone
    rate_of = learning_rates.peaks(backbone)
    spared = {f"{BACKBONE}{name}" for name in getattr(backbone, "no_weight_decay", set)()}
    groups: dict[tuple[float, bool], dict[str, Any]] = {}
    for name, parameter in model.named_parameters():
        peak_rate = rate_of(name.removeprefix(BACKBONE)) if name.startswith(BACKBONE) else learning_rates.head
        decays = parameter.ndim > 1 and name not in spared
        group = groups.setdefault(
            (peak_rate, decays),
            {"params": [], "peak_rate": peak_rate, "lr": peak_rate, "weight_decay": weight_decay if decays else 0.0},
        )
        group["params"].append(parameter)
    return list(groups.values())


def layer_depths(backbone: Module, groups: Groups) -> dict[str, int]:
    """For each of the backbone's parameters, how many of timm's layer groups lie between it and the head.

    Raises Refusal when timm does not know the model's layers, or not all of them.
    """
    from timm.models import group_parameters

    if not hasattr(backbone, "group_matcher"):
        raise _no_groups(backbone, groups, "it knows no groups")
    try:
        matcher = backbone.group_matcher(coarse=groups == "stages")  # type: ignore[operator]
        layers = cast(dict[str, int], group_parameters(backbone, matcher, reverse=True))
    except Exception as error:
        raise _no_groups(backbone, groups, f"{type(error).__name__}: {error}") from None
    left_out = [name for name, _ in backbone.named_parameters() if name not in layers]
    if left_out:
        raise _no_groups(backbone, groups, f"{listed(left_out, 3)} would belong to none")
    deepest = max(layers.values())
    return {name: deepest - layer for name, layer in layers.items()}


def refuse_misplaced(backbone: Module, groups: Groups, used: Sequence[str]) -> None:
    """Raises Refusal when timm places a parameter deeper than one that a forward pass uses before it.

    `used`: names, in the order of use. Embeddings and tokens, parameters of the model itself and of none of its layers,
    belong to the stem wherever they join.
    """
    depths = layer_depths(backbone, groups)
    least, misplaced = max(depths.values()), list[str]()
    for name in used:
        if depths[name] > least and "." in name:
            misplaced.append(name)
        least = min(least, depths[name])
    if misplaced:
        raise _no_groups(backbone, groups, f"{listed(misplaced, 3)} would be deeper than layers that come before")


def _no_groups(backbone: Module, groups: Groups, why: str) -> Refusal:
    return Refusal(
        f"train.learning_rates or train.freezing asks for {groups}, but timm does not group the layers of "
        f"{type(backbone).__name__} so ({why}). Set train.learning_rates to "
        "{kind: layer_decay, layer_decay: 1.0, ...} and train.freezing to {kind: none}, or a freezing with "
        "stage_epochs: 0."
    )


def unfreeze(model: Module, depths: Mapping[str, int], unfrozen: int, still: bool) -> bool:
    """The backbone's parameters whose depth is below `unfrozen` learn, as does all else; whether this is a change.

    `still`: BatchNorm layers none of whose parameters learn use their running statistics, and keep them.
    """
    changed = False
    for name, parameter in model.named_parameters():
        learns = depths.get(name.removeprefix(BACKBONE), -1) < unfrozen or not name.startswith(BACKBONE)
        changed |= parameter.requires_grad != learns
        parameter.requires_grad_(learns)
    model.train()
    if still:
        for norm in batchnorms(model):
            norm.train(any(parameter.requires_grad for parameter in norm.parameters()))
    return changed


def batchnorms(model: Module) -> list[Any]:
    """Layers of torch's _BatchNorm, of any number of dimensions."""
    from torch.nn.modules.batchnorm import _BatchNorm

    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def moving_batchnorms(model: Module, followed: Module) -> list[Any]:
    """Those of `model`, whose like in `followed` do not stand still."""
    pairs = zip(batchnorms(model), batchnorms(followed), strict=True)
    return [norm for norm, other in pairs if other.training]
