"""A dry run of a training and of its predictions on two images of noise, before there are rows and folds.

The training's own loop takes a step at every image size of the schedule, in the smallest micro-batches that may occur.
What cannot be had is refused by the key of params.yaml that asks for it, whatever error a library raises.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Shaped
from scipy.sparse import csr_array
from torch import Tensor
from torch.optim import Optimizer

from foldline.card.activations import ActivationKind
from foldline.card.views import view_of
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import TABULAR
from foldline.params.section import Precision
from foldline.pixels.loaders import balanced, loaded_type
from foldline.training.augmentation import build_augmentation, refuse_unfit
from foldline.training.backbones import first_line
from foldline.training.batches import resized, resized_sides
from foldline.training.chosen_weights import refuse_absent_stages
from foldline.training.fold_samples import NumberEncoding, Samples, TabularEncoding
from foldline.training.head_initialisation import NoLinearProbe
from foldline.training.in_force import seen_in_training
from foldline.training.layer_groups import refuse_misplaced
from foldline.training.loop import TrainingSetup, train
from foldline.training.measuring import NonFiniteCheck, validation
from foldline.training.models import Classifier
from foldline.training.named_errors import named_part, naming_the_section
from foldline.training.networks import Model, refuse_scaled_views
from foldline.training.optimizers import set_rates
from foldline.training.train_section import Train
from foldline.training.training_setup import (
    Fold,
    build_training,
    first_model,
    fold_objective,
    refuse_without_compiler,
    training_batches,
)

IMAGES = 2
"""Of noise: BatchNorm takes two of them where it takes any number but one."""
STEPS_PER_EPOCH = 10
"""Which the data would say."""
DRAWS = 32
"""Of the augmentation: what is done to three images in ten is left out by all of them once in 90,000 dry runs."""
MOST_NOISE = 256
ALL_BUT_STILL = 1e-9
"""A factor of the peak rates; some optimisers divide by their rate."""
Images = Shaped[Tensor, "batch channels height width"]


@dataclass(frozen=True)
class EachSize:
    """Instead of `train.resolution`: each of its sizes for an epoch."""

    fractions: tuple[float, ...]

    def fraction(self, epoch: int) -> float:
        return self.fractions[epoch]


class Unwatched(NonFiniteCheck):
    """Of noise, a loss may be anything."""

    def watch(self, step: int, losses: Tensor, index: Tensor) -> None:
        pass


def stand_in(
    pixels: tuple[int, int, int, np.dtype],
    sizes: tuple[int, ...],
    features: int,
    symmetries: Sequence[str],
    weights: Path | None,
    activation: type[ActivationKind],
    seed: int,
) -> Fold:
    """A fold of two rows, whose images are noise. `pixels`: height, width and channels of the cached images, and their
    type. `sizes`: as `classes.json` has them. `features`: how many a model is told besides the images."""
    *shape, kind = pixels
    noise = np.random.default_rng(seed).integers(0, MOST_NOISE, (IMAGES, *shape)).astype(kind)
    starts = np.cumsum((0, *sizes))[:-1]
    classes = [start + image % size for image in range(IMAGES) for start, size in zip(starts, sizes, strict=True)]
    of_images = np.repeat(np.arange(IMAGES), len(sizes))
    targets = csr_array((np.ones(len(classes), np.float32), (of_images, classes)), shape=(IMAGES, sum(sizes)))
    told = (np.zeros((IMAGES, features), np.float32),) if features else ()
    columns = [f"{TABULAR}{one}" for one in range(features)]
    numbers = tuple(NumberEncoding(column=column, mean=0, std=1, marks_missing=False) for column in columns)
    samples = Samples(np.arange(IMAGES), targets, np.ones(IMAGES, np.float32), ("noise 1", "noise 2"), told)
    tabular = TabularEncoding(numbers=numbers, categories=()) if features else None
    return Fold(0, seed, noise, samples, samples, sizes, symmetries, weights, activation, tabular=tabular)


def dry_run(
    fold: Fold, config: Train, views: Sequence[str], precision: Precision, processes: int, accelerator: Accelerator
) -> None:
    """Raises a Refusal that names a key, of `train` or `predict` (whose `views` and `precision` these are), where
    something cannot be had. `fold`: of stand_in. `processes`: that will train together."""
    for phase in config.in_phases:
        try:
            dry_run_phase(fold, phase, views, precision, processes, accelerator)
        except Refusal as refusal:
            seen = f" Seen in the phase `{phase.phases[0].name}`." if phase.phases else ""
            raise Refusal(f"{refusal}{seen}") from None


def dry_run_phase(
    fold: Fold, config: Train, views: Sequence[str], precision: Precision, processes: int, accelerator: Accelerator
) -> None:
    with named_part(config):
        try_out_parts(fold, config)
        _, height, width, _ = fold.pixels.shape
        by_size = {resized_sides(height, width, one): one for one in config.resolution.fractions(config.epochs)}
        fractions, micro = tuple(by_size.values()), min(smallest_pass(config, processes), IMAGES)
        tried = config.model_copy(
            update={
                "epochs": len(fractions),
                "batch_size": IMAGES,
                "micro_batch_size": micro,
                "workers": 0,
                "compile": False,
                "resolution": EachSize(fractions),
                "head_initialisation": NoLinearProbe(kind="none"),
            }
        )
        setup = build_training(fold, tried, STEPS_PER_EPOCH, accelerator.device)
        model, images = setup.model, torch.from_numpy(np.array(fold.pixels, np.float32)).permute(0, 3, 1, 2)
        assert isinstance(model, Classifier)
        tabular = tuple(torch.from_numpy(told) for told in fold.training.tabular)
        passes = Passes(model, images, tabular)
        passes.whole()
        compare(model, config, images, processes)
        passes.sizes(fractions, micro, config, processes)
        with torch.autocast("cpu", torch.bfloat16, enabled=precision != "float32"):
            passes.views(views)
        config.head_initialisation.start(model, fold, micro)
        take_steps(setup, fold, tried, accelerator)


def dry_run_pretext(fold: Fold, model: Model, processes: int, accelerator: Accelerator) -> None:
    """Raises Refusal where the pretext of `fold.task` cannot be trained, or handed on, as its section says."""
    assert fold.task is not None
    config = fold.task.training(model)
    backbone = first_model(fold, config, fold_objective(fold, config.loss), None).backbone
    refuse_absent_stages(backbone, fold.task.load_stages, model.name)
    with naming_the_section():
        dry_run(fold, config, (), "float32", processes, accelerator)


def compare(model: Classifier, config: Train, images: Images, processes: int) -> None:
    """What a training pass shows with what params.yaml says."""
    seen = seen_in_training(model.backbone, model.normalised(images))
    config.model.refuse_ignored(model.architecture, seen)
    used = seen.used(model.backbone)
    for part in (config.learning_rates, config.freezing):
        if part.grouped_by is not None:
            refuse_misplaced(model.backbone, part.grouped_by, used)
    learned = [name for name, parameter in model.backbone.named_parameters() if parameter.requires_grad]
    unused = sorted({*learned} - {*used})
    if unused and processes > 1:
        raise Refusal(
            f"train.model: `{config.model.name}` has parameters that no pass uses ({listed(unused, 3)}), and processes "
            "that train together wait for the gradients of all. Set FOLDLINE_PROCESSES=1, or use another model."
        )


def on_cpu(precision: Precision) -> Precision:
    """As a CPU runs it, whether there is a GPU or not: no training that runs there is disturbed."""
    return "float32" if precision == "float32" else "bfloat16"


def try_out_parts(fold: Fold, config: Train) -> None:
    """Those that can be tried without a model, as often, or for as long, as the training will."""
    if config.compile:
        refuse_without_compiler()
    config.loss.try_out()
    config.schedule.rates(STEPS_PER_EPOCH, config.epochs)
    augment = build_augmentation(config.augmentation, fold.pixels.shape[1:], fold.symmetries)
    image = np.array(fold.pixels[0], loaded_type(fold.pixels))
    if augment is not None:
        for seed in range(DRAWS):
            refuse_unfit(augment, image, seed)


def smallest_pass(config: Train, processes: int) -> int:
    """How many images a micro-batch may come to hold, of any number of rows above a batch's: steps of an epoch differ
    by at most one image, and so do a step's parts per process and micro-batches."""
    batch = config.batch_size
    per_process = {max(step // processes, 1) for step in range((batch + 1) // 2, batch + 1)}
    return min(min(balanced(count, config.micro_batch_size)) for count in per_process)


@dataclass(frozen=True)
class Passes:
    """Of the images through the model, one image alone where that says enough."""

    model: Classifier
    images: Images
    tabular: tuple[Tensor, ...]

    def error(self, images: Images, training: bool = False) -> Exception | None:
        """What the model raises."""
        self.model.train(training)
        try:
            with torch.no_grad():
                self.model(images, *(told[: len(images)] for told in self.tabular))
        except Refusal:
            raise
        except Exception as error:
            return error
        return None

    def whole(self) -> None:
        """Images as they are cached, which are validated and predicted."""
        error = self.error(self.images[:1])
        if error is not None:
            raise self.model.architecture.model.unfit_images(self.model.architecture, error)

    def sizes(self, fractions: Sequence[float], micro: int, config: Train, processes: int) -> None:
        """Of every size that is trained at, as many images as a micro-batch may come to hold."""
        if min(fractions) < 1 and config.model.takes_one_size():
            raise Refusal(
                f"train.resolution trains on smaller images, but `{config.model.name}` takes one size only. "
                "Set start_fraction and end_fraction to 1."
            )
        for fraction in fractions:
            images = resized(self.images, fraction)
            error = self.error(images[:micro], training=True)
            if error is None:
                continue
            height, width = images.shape[-2:]
            what = f"`{config.model.name}` cannot learn from {{}} of {height} x {width} pixels ({first_line(error)})"
            if micro < IMAGES and self.error(images, training=True) is None:
                least = 4 * processes - 1
                raise Refusal(
                    f"train.micro_batch_size: {what.format('a single image')}, and with train.micro_batch_size "
                    f"{config.micro_batch_size}, train.batch_size {config.batch_size} and processes: {processes} a "
                    f"micro-batch may hold no more. Set the first to 3 or more, the second to {least} or more."
                )
            raise Refusal(
                f"train.resolution: {what.format('images')}. Set start_fraction and end_fraction to 1, or closer to 1."
            )

    def views(self, views: Sequence[str]) -> None:
        refuse_scaled_views(self.model.architecture.model, views)
        for view in views:
            error = self.error(view_of(view)(self.images[:1]))
            if error is not None:
                raise Refusal(
                    f"predict.views: `{self.model.architecture.model.name}` cannot predict from {view} "
                    f"({first_line(error)}). Leave it out, or use another scale."
                )


def take_steps(setup: TrainingSetup, fold: Fold, config: Train, accelerator: Accelerator) -> None:
    """The training's loop, an epoch of one step and a validation for each size. Rates are next to nothing: what steps
    learn from noise would say nothing."""

    def all_but_still(optimizer: Optimizer, step: int) -> None:
        setup.set_hyperparameters(optimizer, step)
        set_rates(optimizer, ALL_BUT_STILL)

    batches = training_batches(fold, config, accelerator)
    validate = validation(fold.pixels, fold.validation, setup.judged_by, config, accelerator, fold.task)
    still = replace(setup, set_hyperparameters=all_but_still)
    for _ in train(still, batches, validate, Unwatched((), 1, Path()), None, accelerator):
        pass
