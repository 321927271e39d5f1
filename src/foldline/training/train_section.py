"""Section `train`: everything about one fold's training."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, NonNegativeInt, PositiveInt, field_validator, model_validator

from foldline.files.refusal import listed
from foldline.params.section import Precision, Section
from foldline.training.averages import Averages
from foldline.training.head_initialisation import HeadInitialisations
from foldline.training.imbalance import Imbalances
from foldline.training.layer_groups import AnyLearningRates, Freezings
from foldline.training.losses import Losses
from foldline.training.mixing import Mixings
from foldline.training.networks import Models
from foldline.training.optimizers import Clippings, Optimizers
from foldline.training.recipes import Augmentation
from foldline.training.schedules import Schedules
from foldline.training.soups import NO_SOUP, Soups
from foldline.training.train_part import Kind


class Resolution(Kind):
    """The size of training images as a fraction of the cached one, at which images are validated and predicted: grows
    linearly from `start_fraction` to `end_fraction` over the first `growing_epochs` epochs, and stays (Touvron et al.
    2019 predict at a larger size than they train at)."""

    start_fraction: Annotated[float, Field(gt=0, le=1)]
    end_fraction: Annotated[float, Field(gt=0, le=1)]
    growing_epochs: NonNegativeInt
    epoch_keys: ClassVar = ("growing_epochs",)

    def fractions(self, epochs: int) -> tuple[float, ...]:
        """Those of a training of so many epochs, one after the other."""
        return tuple(map(self.fraction, range(max(epochs, 1))))

    def fraction(self, epoch: int) -> float:
        """Of the cached images' sides, in `epoch` (from 0)."""
        start, end, growing = self.start_fraction, self.end_fraction, self.growing_epochs
        return start + (end - start) * min(epoch / growing, 1.0) if growing else end


Keep = Literal["last", "best"]


class Phase(Section):
    """A part of a training: what differs in it from the section, and how long it is. The next one begins with the
    weights that it hands on (`keep`), and with an optimiser, an average and an order of its own."""

    name: Annotated[str, Field(pattern="^[a-z0-9_-]{1,20}$")]
    epochs: PositiveInt
    save_model: bool
    """Whether the model that it hands on is kept as `work/<slug>/phases/fold<k>/seed<s>/<name>.safetensors`."""
    optimizer: Optimizers | None = None
    learning_rates: AnyLearningRates | None = None
    freezing: Freezings | None = None
    schedule: Schedules | None = None
    average: Averages | None = None
    mixing: Mixings | None = None
    resolution: Resolution | None = None
    augmentation: Augmentation | None = None
    keep: Keep | None = None


class Learning(Section):
    """What `train` and a pretext say alike of how a network learns."""

    section: ClassVar[str]
    epochs: PositiveInt
    batch_size: PositiveInt
    """At most this many images per optimiser step, in all processes together; an epoch's steps divide its images
    evenly, so that none is short."""
    micro_batch_size: PositiveInt
    """Images per forward pass and process; gradients of a step's passes add up, exactly."""
    workers: NonNegativeInt
    """Loader processes for each training process."""
    precision: Precision
    channels_last: bool
    """Pixel by pixel in memory: faster convolutions on recent GPUs, above all in half precision."""
    compile: bool
    """Through torch.compile, which takes minutes at the start."""
    resolution: Resolution
    optimizer: Optimizers
    learning_rates: AnyLearningRates
    schedule: Schedules
    clipping: Clippings
    average: Averages
    augmentation: Augmentation

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """Those of its parts that come in kinds, by their keys."""
        return {key: part for key, part in self if isinstance(part, Kind)}

    @property
    def _whole(self) -> str:
        return f"the training: {self.section}.epochs is"

    def too_long(self) -> Iterator[str]:
        """A line for each key that counts more epochs than there are."""
        for name, part in self.kinds.items():
            for key in part.epoch_keys:
                value = getattr(part, key)
                epochs = max(value) if isinstance(value, tuple) else value
                if epochs > self.epochs:
                    yield (
                        f"{self.section}.{name}.{key} is {epochs:g}, longer than {self._whole} {self.epochs} "
                        f"(lower it, train for longer, or choose another kind of {self.section}.{name})"
                    )


class Train(Learning):
    section: ClassVar = "train"
    epochs: NonNegativeInt
    """None at all leaves the backbone as it starts, and the head as `head_initialisation` makes it."""
    seeds: tuple[NonNegativeInt, ...]
    """Each fold is trained once per seed, and its models are members of the ensemble. A training is told which seed is
    its own and knows nothing of the others, so that one more seed leaves it as it is."""
    label_fraction: Annotated[float, Field(gt=0, le=1)]
    """Of a fold's training rows: as much of each class is learned from, at least one row; the others are as if they
    were not there. A smaller fraction's rows are among a larger one's. Validation has all of its rows."""
    model: Models
    freezing: Freezings
    loss: Losses
    imbalance: Imbalances
    mixing: Mixings
    head_initialisation: HeadInitialisations
    soup: Soups
    phases: tuple[Phase, ...]
    """Trained one after the other, `epochs` together; [] for a training of one piece."""
    keep: Keep
    """Which epoch's weights to hand on. `best` is chosen on the fold's own validation rows, which makes its
    out-of-fold score too good."""

    @field_validator("seeds")
    @classmethod
    def _different(cls, seeds: tuple[int, ...]) -> tuple[int, ...]:
        if not seeds or len(set(seeds)) < len(seeds):
            raise ValueError("it takes one or more different integers (equal seeds train equal models)")
        return seeds

    @model_validator(mode="after")
    def _no_contradictions(self) -> "Train":
        contradictions = list(self._unfit_phases())
        for phase in self.in_phases:
            contradictions += [*phase.too_long(), *phase._unmixable(), *phase._headless()]
        if contradictions:
            raise ValueError("; ".join(dict.fromkeys(contradictions)))
        return self

    @property
    def kinds(self) -> Mapping[str, Kind]:
        """The model's, too."""
        of_model = {f"model.{key}": part for key, part in self.model if isinstance(part, Kind)}
        return {**super().kinds, **of_model}

    @property
    def in_phases(self) -> tuple["Train", ...]:
        """What each phase trains with, its `phases` being itself alone; the section itself where it has none."""
        *earlier, last = [self.model_copy(update=self._of(phase)) for phase in self.phases] or [self]
        return (*(phase.model_copy(update={"soup": NO_SOUP}) for phase in earlier), last)

    def _of(self, phase: Phase) -> dict[str, Any]:
        named = {key: value for key, value in phase if value is not None and key in Train.model_fields}
        return {**named, "phases": (phase,)}

    def _unfit_phases(self) -> Iterator[str]:
        names, epochs = [phase.name for phase in self.phases], [phase.epochs for phase in self.phases]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            yield f"train.phases has {listed(repeated)} more than once: give each a name of its own"
        if epochs and sum(epochs) != self.epochs:
            written = " + ".join(map(str, epochs))
            yield f"train.phases have {written} epochs, but train.epochs is {self.epochs}: it is their sum"

    @property
    def _whole(self) -> str:
        return f"the phase `{self.phases[0].name}`: its epochs are" if self.phases else super()._whole

    def _unmixable(self) -> Iterator[str]:
        if self.mixing.mixes and self.loss.is_of_values:
            yield (
                f"train.mixing.kind is {self.mixing.kind}, but the loss {self.loss.kind} has no soft form: "
                "set mixing to {kind: none}"
            )

    def _headless(self) -> Iterator[str]:
        yield from self.head_initialisation.contradictions(self.model)
        if self.epochs == 0 and not self.head_initialisation.learns:
            yield (
                f"train.epochs is 0, and head_initialisation.kind is {self.head_initialisation.kind}, so that nothing "
                "would be learned: set epochs to 1 or more, or head_initialisation to {kind: linear_probe, "
                "inverse_penalty: 0.03}"
            )
        if self.freezing.frees_the_head_first and not self.model.has_head:
            yield (
                f"train.freezing.kind is {self.freezing.kind}, in which the head learns first, but train.model.kind is "
                f"{self.model.kind}, which has none apart: set freezing to {{kind: none}}"
            )
