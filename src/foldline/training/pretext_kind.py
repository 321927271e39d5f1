"""Section `pretext`: what a backbone learns from images alone, before trainings begin with it; what all kinds share."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, Optional

from jaxtyping import Float, Shaped
from pydantic import Field, NonNegativeInt, PositiveInt

from foldline.card.views import Symmetry
from foldline.params.section import Section
from foldline.training.head_initialisation import NoLinearProbe
from foldline.training.imbalance import NoImbalance
from foldline.training.layer_groups import NoFreezing
from foldline.training.losses import CrossEntropy
from foldline.training.mixing import NoMixing
from foldline.training.networks import Model
from foldline.training.soups import NO_SOUP
from foldline.training.train_part import Kind, Tensor
from foldline.training.train_section import Learning, Train

LEAST_FOLDS = 3


class Pretext(Kind):
    @property
    def learned(self) -> Optional["LearnedPretext"]:
        """Itself, unless nothing is learned."""
        return None

    def contradictions(self, height: int, width: int, folds: int, model: Model) -> Iterator[str]:
        """A line for each: images' sides in pixels, how many folds there are, `train.model`."""
        yield from ()


class Probes(Section):
    every_epochs: PositiveInt
    """Of the pretext's epochs; the first weights and those of the last epoch are probed in any case."""
    most_images: Annotated[int, Field(ge=2)]
    """At most so many are fitted, and as many judged, drawn by the seed."""


class LearnedPretext(Pretext, Learning):
    """A task that images themselves answer. All keys but those named here are as in `train`."""

    section: ClassVar = "pretext"
    classes: ClassVar[int]
    """Answers of the task."""
    symmetries: ClassVar[tuple[Symmetry, ...]]
    """Views under which the answers stay true: of the card's, augmentation draws no other."""
    copies: ClassVar[int]
    """How often it shows an image; `batch_size` counts images, `micro_batch_size` what is shown of them."""

    images: Literal["fold", "train", "train_and_test"]
    """Whose: those of the rows outside of fold k, for a backbone of its own for each fold; those of all train rows, for
    one backbone, which has seen each fold's images as well (never their labels); or of test rows, too."""
    seed: NonNegativeInt
    validation_fraction: Annotated[float, Field(ge=0, lt=1)]
    """Of the train rows' clusters: not learned from, so that the history shows what is learned."""
    probes: Probes
    load_stages: PositiveInt | Literal["chosen", "all"]
    """What trainings begin with: the backbone's first stages, up to the chosen one, or as many as a number says."""

    @property
    def learned(self) -> Optional["LearnedPretext"]:
        return self

    @property
    def is_per_fold(self) -> bool:
        return self.images == "fold"

    @property
    def probed_epochs(self) -> list[int]:
        return sorted({*range(0, self.epochs, self.probes.every_epochs), self.epochs})

    def posed(
        self, images: Shaped[Tensor, "batch channels height width"]
    ) -> tuple[Shaped[Tensor, "shown channels height width"], Float[Tensor, "shown classes"]]:
        """All copies of the first image, all of the second, ...; and the right answers, one-hot."""
        raise NotImplementedError

    def training(self, model: Model) -> Train:
        """The task as a training of `train.model`."""
        return Train(
            **{key: getattr(self, key) for key in Learning.model_fields},
            model=model,
            seeds=(self.seed,),
            label_fraction=1.0,
            freezing=NoFreezing(kind="none"),
            loss=CrossEntropy(kind="cross_entropy", smoothing=0.0),
            imbalance=NoImbalance(kind="none"),
            mixing=NoMixing(kind="none"),
            head_initialisation=NoLinearProbe(kind="none"),
            soup=NO_SOUP,
            phases=(),
            keep="last",
        )

    def contradictions(self, height: int, width: int, folds: int, model: Model) -> Iterator[str]:
        yield from self.too_long()
        if self.probes.every_epochs > self.epochs:
            yield f"pretext.probes.every_epochs is {self.probes.every_epochs}, longer than pretext.epochs {self.epochs}"
        if not model.has_head:
            yield (
                f"pretext.kind is {self.kind}, but train.model is your own and has no backbone apart, which could be "
                "handed on: set pretext to {kind: none}"
            )
        if folds < LEAST_FOLDS:
            yield (
                f"pretext.kind is {self.kind}, but split.count is {folds}: for each fold, probes are fitted on a "
                f"second one and judged on a third. Set split.count to {LEAST_FOLDS} or more"
            )
