"""Part `train.head_initialisation`: a linear probe, scikit-learn's regression on the head's inputs (the backbone's
features and the tabular ones), as the head's first weights; with `train.epochs: 0` also its last."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from jaxtyping import Float
from pydantic import PositiveFloat

from foldline.files.progress import progress
from foldline.params.kinds import union_of
from foldline.training.networks import Model
from foldline.training.train_part import Kind

if TYPE_CHECKING:
    from foldline.pixels.loaders import Pixels
    from foldline.training.fold_samples import Samples
    from foldline.training.models import Classifier
    from foldline.training.training_setup import Fold
else:
    Classifier = Fold = Pixels = Samples = Any


class HeadInitialisation(Kind):
    learns: ClassVar[bool] = False
    """Whether a model is worth something before its first epoch."""

    def contradictions(self, model: Model) -> Iterator[str]:
        """Why it cannot start this model."""
        yield from ()

    def start(self, model: Classifier, fold: Fold, batch_size: int) -> None:
        """Replace the weights of the head of a model that is on its device."""


class NoLinearProbe(HeadInitialisation):
    """The head starts at random."""

    kind: Literal["none"]


class LinearProbe(HeadInitialisation):
    """The head starts as scikit-learn's regression on the backbone's features of the fold's training rows, in units of
    their standard deviations: logistic for classes, ridge for numbers."""

    kind: Literal["linear_probe"]
    learns: ClassVar[bool] = True
    inverse_penalty: PositiveFloat
    """scikit-learn's C: the larger, the closer the fit."""

    def contradictions(self, model: Model) -> Iterator[str]:
        if not model.has_linear_head:
            yield (
                f"head_initialisation.kind is {self.kind}, which is one Linear layer, as this model's head is not: set "
                "train.model.head.kind to linear, or head_initialisation.kind to none"
            )

    def start(self, model: Classifier, fold: Fold, batch_size: int) -> None:
        """The loss of the model in eval mode becomes that of the regression, of images as they lie in the cache,
        without augmentation."""
        import torch
        from accelerate.utils import broadcast

        from foldline.training.linear_heads import Rows, fit_head  # scikit-learn takes a second.

        features, samples, activation = (
            backbone_features(model, fold.pixels, fold.training, batch_size),
            fold.training,
            model.architecture.activation,
        )
        soft = activation.soft_targets(torch.from_numpy(samples.targets.toarray())).numpy()
        if activation.gives_values:
            soft = (soft - model.target_mean.cpu().numpy()) / model.target_std.cpu().numpy()
        rows = Rows(features, samples.targets, soft, samples.weights, fold.sizes)
        weights, biases = fit_head(activation.learned, rows, self.inverse_penalty)
        with torch.no_grad():
            model.head.weight.copy_(torch.from_numpy(weights))  # type: ignore[operator]
            model.head.bias.copy_(torch.from_numpy(biases))  # type: ignore[operator]
        for parameter in model.head.parameters():
            broadcast(parameter.data)  # Averages begin before DDP makes processes equal, which may differ by rounding.


HeadInitialisations = Annotated[
    HeadInitialisation, union_of("foldline.training.head_initialisation", HeadInitialisation)
]


def backbone_features(
    model: Classifier, pixels: Pixels, samples: Samples, batch_size: int
) -> Float[np.ndarray, "samples features"]:
    """What the head is given, in eval mode."""
    import torch

    from foldline.pixels.loaders import evaluation_loader

    device, was_training = model.mean.device, model.training
    model.eval()
    batches: list[np.ndarray] = []
    loader = evaluation_loader(pixels, samples.cache_indices, batch_size, workers=0)
    for images, index in progress(loader, "features"):
        tabular = (torch.from_numpy(values[index]).to(device) for values in samples.tabular)
        with torch.no_grad():
            batches.append(model.head_input(images.to(device), *tabular).float().cpu().numpy())
    model.train(was_training)
    return np.concatenate(batches)
