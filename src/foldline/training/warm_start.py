"""A head that begins as scikit-learn's logistic regression on what it is given, the backbone's features and the side
features (document 000, "Warm start")."""

import numpy as np
import torch
from accelerate.utils import broadcast
from jaxtyping import Float, Int64
from torch import Tensor, nn
from tqdm import tqdm

from foldline.pixels.loaders import Pixels, evaluation_loader
from foldline.training.models import Classifier
from foldline.training.samples import Samples

MOST_ITERATIONS = 1000
ABSENT_CLASS = -10.0
"""The bias of a class without a training row, below the least of all others: e**-10 as likely as that."""


def warm_start(
    model: Classifier, pixels: Pixels, training: Samples, batch_size: int, inverse_penalty: float, device: torch.device
) -> None:
    """Replace the plain head's weights: the loss of the model in eval mode becomes that of the logistic regression.

    `training`: images as they lie in the cache, without augmentation. `inverse_penalty`: scikit-learn's C.
    """
    assert isinstance(model.head, nn.Linear), "config.train refuses other heads"
    found = backbone_features(model, pixels, training, batch_size, device)
    weights, biases = fit_head(found, training.targets, model.architecture.outputs, inverse_penalty)
    with torch.no_grad():
        model.head.weight.copy_(torch.from_numpy(weights))
        model.head.bias.copy_(torch.from_numpy(biases))
    for parameter in model.head.parameters():
        broadcast(parameter.data)  # Averages begin before DDP makes processes equal, which may differ by rounding.


@torch.no_grad()
def backbone_features(
    model: Classifier, pixels: Pixels, samples: Samples, batch_size: int, device: torch.device
) -> Float[np.ndarray, "samples features"]:
    """What the head would be given, in eval mode: its input, whatever lies before it."""
    was_training = model.training
    model.eval()
    batches: list[np.ndarray] = []

    def keep(head: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        batches.append(inputs[0].float().cpu().numpy())

    hook = model.head.register_forward_pre_hook(keep)
    try:
        for images, index in tqdm(
            evaluation_loader(pixels, samples.positions, batch_size, workers=0), "features", disable=None
        ):
            model(images.to(device), *(torch.from_numpy(values[index]).to(device) for values in samples.side))
    finally:
        hook.remove()
        model.train(was_training)
    return np.concatenate(batches)


def fit_head(
    features: Float[np.ndarray, "samples features"],
    targets: Int64[np.ndarray, " samples"],
    outputs: int,
    inverse_penalty: float,
) -> tuple[Float[np.ndarray, "outputs features"], Float[np.ndarray, " outputs"]]:
    """Weights and biases whose softmax gives the logistic regression's probabilities."""
    from sklearn.linear_model import LogisticRegression  # A second of start-up, for the trainings that ask for it.

    regression = LogisticRegression(C=inverse_penalty, max_iter=MOST_ITERATIONS).fit(features, targets)
    slopes, intercepts = regression.coef_, regression.intercept_
    if len(regression.classes_) == 2:  # One sigmoid: the softmax of it and of zero.
        slopes, intercepts = np.stack([0 * slopes[0], slopes[0]]), np.array([0.0, intercepts[0]])
    weights = np.zeros((outputs, features.shape[1]))
    biases = np.full(outputs, intercepts.min() + ABSENT_CLASS)
    weights[regression.classes_], biases[regression.classes_] = slopes, intercepts
    return weights, biases
