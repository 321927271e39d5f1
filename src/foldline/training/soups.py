"""Part `train.soup`: a second model of each training, the mean of its last epochs, beside the one that is judged.

`predict.views` says whether it predicts (`soup`, `soup+horizontal_flip`). With `ensemble.views: chosen` it counts where
its cross-validated gain is real, so that no fold decides on a soup of its own.
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from foldline.params.kinds import union_of
from foldline.training.averages import AnyStatistics, Passes
from foldline.training.train_part import Accelerator, Kind, Module, Tensor

if TYPE_CHECKING:
    from foldline.training.batches import Batch
else:
    Batch = Any


class Soup(Kind):
    def epochs_in(self, epochs: int) -> range:
        """Of a training of so many, those whose weights go into it, from 1."""
        return range(0)

    def renew(
        self, soup: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator, passes: Passes
    ) -> None:
        """Give these BatchNorm layers of the soup statistics of its own."""


class NoSoup(Soup):
    kind: Literal["none"]


NO_SOUP = NoSoup(kind="none")


class LastEpochs(Soup):
    """The mean of the weights as they are judged after each of the last `epochs` epochs (Wortsman et al. 2022, Model
    soups; within one training, Kaddour 2022, Stop wasting my time), with BatchNorm statistics of its own."""

    kind: Literal["last_epochs"]
    epochs: Annotated[int, Field(ge=2)]
    statistics: AnyStatistics
    epoch_keys: ClassVar = ("epochs",)

    def epochs_in(self, epochs: int) -> range:
        return range(epochs - self.epochs + 1, epochs + 1)

    def renew(
        self, soup: Module, norms: list[Any], batches: Iterable[Batch], accelerator: Accelerator, passes: Passes
    ) -> None:
        self.statistics.refresh(soup, norms, batches, accelerator, passes)


def mean_weights(models: Iterable[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Of the same network, in float64 on the way; what is no float (BatchNorm counts batches) is the last one's."""
    import torch

    sums: dict[str, Tensor] = {}
    last: Mapping[str, Tensor] = {}
    count = 0
    for last in models:
        count += 1
        for name, tensor in last.items():
            if tensor.is_floating_point():
                sums[name] = tensor.to(torch.float64) + sums.get(name, 0)
    return {name: (sums[name] / count).to(last[name].dtype) if name in sums else last[name] for name in last}


Soups = Annotated[Soup, union_of("foldline.training.soups", Soup)]
