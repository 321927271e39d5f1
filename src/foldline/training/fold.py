"""What is to be learned in one fold: its facts, and what follows from them and the section `train`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.card.activations import ActivationKind
from foldline.files.places import FoldName
from foldline.pixels.loaders import Pixels
from foldline.training.objectives import Objective, build_objective
from foldline.training.samples import Samples, SideEncoding
from foldline.training.section import Train

ALL_ROWS_SEED = 2**32 - 1
"""In the place of a fold's number, which no fold has."""


@dataclass(frozen=True)
class Fold:
    """The facts of one fold's training; how to train is the section `train`."""

    name: FoldName
    seed: int
    """Of this training, one of those that the section `train` lists."""
    pixels: Pixels
    training: Samples
    validation: Samples
    sizes: tuple[int, ...]
    """How many classes each column of a target of several labels has; of all others, how many there are."""
    symmetries: Sequence[str]
    """Those that leave a label true: the card's."""
    weights: Path | None
    """The backbone's starting weights, None for random ones."""
    activation: ActivationKind
    """What the loss makes of a model's outputs."""
    before: "Fold | None" = None
    """What is learned first: with its head this training then ends."""
    side: SideEncoding | None = None
    """What the samples' side features mean; None where a row is its images."""

    @property
    def title(self) -> str:
        return f"fold {self.name}, seed {self.seed}"


def fold_seed(fold: Fold) -> tuple[int, int]:
    """Of all that is drawn while training."""
    return fold.seed, fold.name if isinstance(fold.name, int) else ALL_ROWS_SEED


def fold_objective(fold: Fold, config: Train) -> Objective:
    return build_objective(fold.activation, config.loss, config.imbalance, fold.sizes, fold.training.targets)
