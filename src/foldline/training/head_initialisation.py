"""Part `train.head_initialisation`: a linear probe, scikit-learn's logistic regression on the head's inputs (the
backbone's features and the tabular ones), as the head's first weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import scipy
from jaxtyping import Float, Float32
from pydantic import PositiveFloat

from foldline.files.progress import progress
from foldline.params.kinds import union_of
from foldline.training.losses import Loss
from foldline.training.networks import Model
from foldline.training.train_part import Kind, Module, Tensor

if TYPE_CHECKING:
    from foldline.pixels.loaders import Pixels
    from foldline.training.fold_samples import Samples
    from foldline.training.models import Classifier
    from foldline.training.training_setup import Fold
else:
    Classifier = Fold = Pixels = Samples = Any

MOST_ITERATIONS = 1000
ABSENT_CLASS = -10.0
"""The bias of a class without a training row, below the least of all others: e**-10 as likely as that."""


class HeadInitialisation(Kind):
    def contradictions(self, model: Model, loss: Loss) -> Iterator[str]:
        """Why it cannot start this model under this loss."""
        yield from ()

    def start(self, model: Classifier, fold: Fold, batch_size: int) -> None:
        """Replace the weights of the head of a model that is on its device."""


class NoLinearProbe(HeadInitialisation):
    """The head starts at random."""

    kind: Literal["none"]


class LinearProbe(HeadInitialisation):
    """The head starts as scikit-learn's LogisticRegression on the backbone's features of the fold's training rows."""

    kind: Literal["linear_probe"]
    speaks_of_one_class: ClassVar[bool] = True
    inverse_penalty: PositiveFloat
    """scikit-learn's C: the larger, the closer the fit."""

    def contradictions(self, model: Model, loss: Loss) -> Iterator[str]:
        if not model.has_linear_head:
            yield (
                f"head_initialisation.kind is {self.kind}, which is one Linear layer, as this model's head is not: set "
                "train.model.head.kind to linear, or head_initialisation.kind to none"
            )
        elif not loss.fits_probabilities:
            yield (
                f"head_initialisation.kind is {self.kind}, which fits probabilities of classes, but loss.kind is "
                f"{loss.kind}: set loss.kind to cross_entropy, or head_initialisation.kind to none"
            )

    def start(self, model: Classifier, fold: Fold, batch_size: int) -> None:
        """The loss of the model in eval mode becomes that of the logistic regression, of images as they lie in the
        cache, without augmentation."""
        import torch
        from accelerate.utils import broadcast

        found = backbone_features(model, fold.pixels, fold.training, batch_size)
        samples, outputs = fold.training, model.architecture.outputs
        weights, biases = fit_head(found, samples.targets, samples.weights, outputs, self.inverse_penalty)
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
    """What the head would be given, in eval mode: its input, whatever lies before it."""
    import torch

    from foldline.pixels.loaders import evaluation_loader

    device, was_training = model.mean.device, model.training
    model.eval()
    batches: list[np.ndarray] = []

    def keep(head: Module, inputs: tuple[Tensor, ...]) -> None:
        batches.append(inputs[0].float().cpu().numpy())

    hook = model.head.register_forward_pre_hook(keep)
    try:
        loader = evaluation_loader(pixels, samples.cache_indices, batch_size, workers=0)
        for images, index in progress(loader, "features"):
            with torch.no_grad():
                model(images.to(device), *(torch.from_numpy(values[index]).to(device) for values in samples.tabular))
    finally:
        hook.remove()
        model.train(was_training)
    return np.concatenate(batches)


def fit_head(
    features: Float[np.ndarray, "samples features"],
    targets: scipy.sparse.csr_array,
    weights: Float32[np.ndarray, " samples"],
    outputs: int,
    inverse_penalty: float,
) -> tuple[Float[np.ndarray, "outputs features"], Float[np.ndarray, " outputs"]]:
    """Weights and biases whose softmax gives the logistic regression's probabilities. A soft target counts as a row for
    each of its classes, with its part of the row's weight."""
    from sklearn.linear_model import LogisticRegression  # A second of start-up, for the trainings that ask for it.

    rows, classes = targets.nonzero()
    sample_weights = weights[rows] * targets.data
    regression: Any = LogisticRegression(C=inverse_penalty, max_iter=MOST_ITERATIONS)
    regression.fit(features[rows], classes, sample_weight=sample_weights)
    slopes, intercepts = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # One sigmoid: the softmax of it and of zero.
        slopes, intercepts = np.stack([0 * slopes[0], slopes[0]]), np.array([0.0, intercepts[0]])
    matrix = np.zeros((outputs, features.shape[1]))
    biases = np.full(outputs, intercepts.min() + ABSENT_CLASS)
    matrix[regression.classes_], biases[regression.classes_] = slopes, intercepts
    return matrix, biases
