"""Part `train.imbalance`: where some classes have fewer images, what each counts, or how often it is drawn."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
import scipy
from jaxtyping import Float

from foldline.params.kinds import union_of
from foldline.training.train_part import Kind

PerSample = Float[np.ndarray, " samples"]


class Imbalance(Kind):
    """`targets`: of the training samples, a share per class; float32 (samples, classes)."""

    def weights(self, targets: scipy.sparse.csr_array) -> PerSample | float:
        """What each sample counts in the training loss."""
        return 1.0

    def draws(self, targets: scipy.sparse.csr_array) -> PerSample | None:
        """How likely each sample is to be drawn next, with replacement; None where an epoch sees each once."""
        return None

    def counts(self, targets: scipy.sparse.csr_array) -> PerSample | float:
        """What each sample counts in an epoch on average, for what learns without epochs."""
        draws = self.draws(targets)
        return self.weights(targets) if draws is None else self.weights(targets) * draws * len(draws)


class NoImbalance(Imbalance):
    """Each image counts the same and is seen once per epoch."""

    kind: Literal["none"]


class ClassWeights(Imbalance):
    """Rare classes' losses weigh more, each class as much as any other (scikit-learn's `balanced`)."""

    kind: Literal["class_weights"]
    speaks_of_one_class: ClassVar[bool] = True

    def weights(self, targets: scipy.sparse.csr_array) -> PerSample:
        """Samples / (classes that there are * samples of the class); of a mixture, what its parts count."""
        counts = _counts(targets)
        of_class = counts.sum() / (np.count_nonzero(counts) * np.where(counts > 0, counts, 1))
        return targets @ of_class.astype(np.float32)


class SquareRootSampling(Imbalance):
    """A class is drawn as often as the square root of its images (Mahajan et al. 2018), as many images as there are."""

    kind: Literal["square_root_sampling"]
    speaks_of_one_class: ClassVar[bool] = True

    def draws(self, targets: scipy.sparse.csr_array) -> PerSample:
        counts = _counts(targets)
        weights = targets @ (1 / np.sqrt(np.where(counts > 0, counts, 1)))
        return weights / weights.sum()


Imbalances = Annotated[Imbalance, union_of("foldline.training.imbalance", Imbalance)]


def _counts(targets: scipy.sparse.csr_array) -> Float[np.ndarray, " classes"]:
    return targets.sum(axis=0, dtype=np.float64)
