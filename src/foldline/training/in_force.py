"""What a model really does with the keys of `train.model`: rates and activations, seen in a forward pass."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

ACTIVATIONS = frozenset(
    {"relu", "relu_", "relu6", "gelu", "silu", "hardswish", "leaky_relu", "elu", "celu", "selu", "mish", "hardtanh"}
)
"""torch's functions, as models call them. Sigmoids are left out: they weigh channels."""


class Seen(TorchFunctionMode):
    """Notes what is dropped at random and which activations are called: `with Seen() as seen: model(images)`."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout: set[float] = set()
        self.channels: set[float] = set()
        """Rates of dropout that takes whole channels."""
        self.paths: set[float] = set()
        """Rates of stochastic depth, which differ by depth."""
        self.activations: set[str] = set()
        self.parameters: dict[int, None] = {}
        """Their identities, in the order of first use."""

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        options, name = dict(kwargs or {}), getattr(func, "__name__", "")
        if name in ("dropout", "dropout2d") and options.get("training", True):
            rates = self.dropout if name == "dropout" else self.channels
            rates.add(float(args[1] if len(args) > 1 else options.get("p", 0.5)))
        elif name == "bernoulli_":
            self.paths.add(1 - float(args[1] if len(args) > 1 else options.get("p", 0.5)))
        elif name in ACTIVATIONS:
            self.activations.add(name)
        if name != "__get__":
            given = (
                one
                for value in (*args, *options.values())
                for one in (value if isinstance(value, list | tuple) else (value,))
            )
            self.parameters |= {id(one): None for one in given if isinstance(one, nn.Parameter)}
        return func(*args, **options)

    def differences(self, asked: Mapping[str, float]) -> Iterator[tuple[str, str]]:
        """Of the rates that params.yaml has by these keys, each that is not in force, and what is instead."""
        found = {"drop_rate": self.dropout, "drop_path_rate": self.paths, "spatial_dropout_rate": self.channels}
        for key, rate in asked.items():
            rates = sorted(found[key] - {0.0})
            if key == "drop_path_rate":
                # Depth by depth it grows, in some models to a little less than all of it.
                rates = rates[-1:]
                fits = bool(rates) and rate / 2 < rates[0] <= rate + 1e-6
            else:
                fits = any(math.isclose(one, rate) for one in rates)
            if not (fits if rate else not rates):
                yield key, ", ".join(f"{one:g}" for one in rates if not math.isclose(one, rate)) or "0"

    def used(self, backbone: nn.Module) -> list[str]:
        """Names of the parameters that were used, in the order of first use."""
        names = {id(parameter): name for name, parameter in backbone.named_parameters()}
        return [names[one] for one in self.parameters if one in names]


@torch.no_grad()
def seen_in_training(backbone: nn.Module, images: torch.Tensor) -> Seen:
    """`images`: normalised. Running statistics of the backbone move."""
    backbone.train()
    with Seen() as seen:
        backbone(images)
    return seen


def activations_of(layer: nn.Module) -> set[str]:
    with Seen() as seen, torch.no_grad():
        layer(torch.zeros(1, 1, 1, 1))
    return seen.activations
