"""How long an experiment takes on this machine, from a few timed steps; and what would make it faster here.

What a change does to results is said with it: loaders change nothing, precision and the order in memory round
otherwise, a batch of another size is another training.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from heapq import heapreplace
from itertools import product
from operator import attrgetter
from typing import Any, TypeVar

from foldline.experiment.budget import START_SECONDS
from foldline.files.places import ALL_ROWS, FoldName
from foldline.files.refusal import Refusal
from foldline.params.section import Precision
from foldline.predicting.predicted_rows import Aggregate, Predict, RowImages
from foldline.predicting.timing import time_prediction
from foldline.training.timing import TrainingTime, apart, time_training
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold

Values = Mapping[str, Any]
"""Of keys of params.yaml: `{"train.precision": "bfloat16"}`."""
SAME, ROUNDED = "the same", "differ by rounding"
SAME_GRADIENTS = "the same but for BatchNorm"
OTHER = "another training"
WORTHWHILE = 1.05
"""As many times as fast, or a change is not proposed: five steps say no more than that."""
MOST_WORKERS = 8
Of = TypeVar("Of", Train, Predict)


@dataclass(frozen=True)
class Change:
    values: Values
    effect: str
    """What results are by it."""

    @property
    def options(self) -> str:
        """Of `dvc exp run`."""
        return " ".join(f"-S {key}={str(value).lower()}" for key, value in self.values.items())

    @property
    def words(self) -> str:
        named = (f"{key.partition('.')[2]} {str(value).lower()}" for key, value in self.values.items())
        return ", ".join(dict.fromkeys(named)) or "as it is"


AS_IT_IS = Change({}, SAME)


def changes(train: Train, precisions: Sequence[Precision], cores: int, images: int) -> list[Change]:
    """Those to be tried. `cores`: for each process that trains. `images`: to learn from."""
    batch, micro = train.batch_size, min(train.micro_batch_size, train.batch_size)
    found = [
        Change({"train.precision": one, "predict.precision": one}, ROUNDED)
        for one in precisions
        if one != train.precision
    ]
    found.append(Change({"train.channels_last": not train.channels_last}, ROUNDED))
    micros = {one for one in (micro // 2, min(2 * micro, batch)) if one >= 2 and one != micro}
    found += [Change({"train.micro_batch_size": one}, SAME_GRADIENTS) for one in sorted(micros)]
    batches = {batch // 2: min(micro, batch // 2), 2 * batch: micro if micro < batch else 2 * batch}
    found += [
        Change({"train.batch_size": one, "train.micro_batch_size": of_pass}, OTHER)
        for one, of_pass in batches.items()
        if one >= 2 and one // 2 < images
    ]
    workers = [one for one in (0, 1, 2, 4, MOST_WORKERS) if one <= cores and one != train.workers]
    return found + [Change({"train.workers": one, "predict.workers": one}, SAME) for one in workers]


@dataclass(frozen=True)
class Speed:
    """What a change makes of it."""

    change: Change
    learned: float = 0.0
    """Images per second of training steps, in all processes together; 0 where it cannot be had."""
    predicted: float = 0.0
    """Images per second under all views; 0 where the change is nothing to it, too."""
    peak_bytes: int = 0
    """Of each process that trains."""
    refusal: str = ""


@dataclass(frozen=True)
class Times:
    """What was timed of an experiment, with what it is multiplied by. Numbers of images are those of one fold."""

    phases: Sequence[tuple[Train, TrainingTime]]
    """Each phase's section, and its time in one process."""
    prediction_seconds: float
    """Of an image under all views, in one process."""
    processes: int
    training: int
    validation: int
    test: int

    def epoch(self, phase: int, epoch: int, training: int, validation: int) -> float:
        """Seconds. Smaller images take less work in proportion to their pixels; epochs in which parts are frozen count
        as the last one."""
        config, time = self.phases[phase]
        steps = -(-training // config.batch_size)
        pixels = (config.resolution.fraction(epoch) / config.resolution.fraction(max(config.epochs, 1) - 1)) ** 2
        learning = steps * (time.waiting_seconds + pixels * time.working_seconds)
        refreshing = min(config.average.refreshing_batches, steps) * time.refreshing_seconds
        return learning + refreshing + validation * time.validation_seconds / self.processes

    def learning(self, training: int, validation: int) -> float:
        """Seconds of a training on so many images, with its start."""
        whole, first = self.phases[0]
        seconds = START_SECONDS
        if whole.head_initialisation.learns:
            seconds += training * first.validation_seconds / self.processes
        for phase, (config, time) in enumerate(self.phases):
            seconds += max(time.first_seconds - time.step_seconds, 0.0)
            seconds += sum(self.epoch(phase, epoch, training, validation) for epoch in range(config.epochs))
        return seconds

    @property
    def features(self) -> float:
        """Seconds of what a backbone that no epoch trains makes of all images, once for all folds; else none."""
        is_frozen = not any(config.epochs for config, _ in self.phases)
        return is_frozen * (self.training + self.validation + self.test) * self.prediction_seconds / self.processes

    def fold(self, name: FoldName) -> float:
        """Seconds of one seed's training of it and its predictions."""
        if self.features:
            return START_SECONDS + self.features
        alone = self.learning(self.training, self.validation)
        whole = self.learning(self.training + self.validation, 0)
        learning = {"all": whole, "all_head0": alone + whole}.get(str(name), alone)
        predicted = self.test if name in ALL_ROWS else self.validation + self.test
        return learning + predicted * self.prediction_seconds / self.processes

    def run(self, folds: Sequence[FoldName], seeds: int, slots: int = 1) -> float:
        """Seconds of all trainings and predictions, in slots side by side: the next goes to the first that is free."""
        ends = [0.0] * slots
        for _, name in product(range(seeds), folds):
            heapreplace(ends, ends[0] + self.fold(name) - self.features)
        return max(ends) + self.features


@dataclass(frozen=True)
class Planned:
    """What is timed: a fold of the experiment, and the images of its test rows."""

    fold: Fold
    train: Train
    predict: Predict
    images: RowImages
    aggregate: Aggregate
    processes: int
    """That learn a fold together."""
    slots: int
    """Folds that are trained at once."""

    def with_values(self, values: Values) -> "Planned":
        train, predict = changed(self.train, "train.", values), changed(self.predict, "predict.", values)
        return replace(self, train=train, predict=predict)

    def time(self, phase: int, whole: bool) -> TrainingTime:
        config = shared(self.train.in_phases[phase], self.processes)
        return apart(partial(time_training, replace(self.fold, phase=phase), config, whole))

    def time_prediction(self) -> float:
        predict = shared(self.predict, self.processes)
        return apart(partial(time_prediction, self.fold, self.train, predict, self.images, self.aggregate))

    def times(self) -> Times:
        """Of all that is done."""
        phases = [(config, self.time(phase, whole=True)) for phase, config in enumerate(self.train.in_phases)]
        images = len(self.fold.training), len(self.fold.validation), len(self.images.rows)
        return Times(phases, self.time_prediction(), self.processes, *images)

    def speed(self, change: Change, time: TrainingTime, prediction_seconds: float) -> Speed:
        """What its times say. `time`: of the longest phase. `prediction_seconds`: 0 for none."""
        images = len(self.fold.training)
        learned = images / -(-images // self.train.batch_size) / time.step_seconds
        predicted = self.processes / prediction_seconds if prediction_seconds else 0.0
        return Speed(change, learned, predicted, time.peak_bytes)

    @property
    def longest(self) -> int:
        """The phase."""
        return max(range(len(self.train.in_phases)), key=lambda phase: self.train.in_phases[phase].epochs)

    def tried(self, change: Change) -> Speed:
        """Only what the change is something to."""
        try:
            other = self.with_values(change.values)
            seconds = other.time_prediction() if other.predict != self.predict else 0.0
            return other.speed(change, other.time(self.longest, whole=False), seconds)
        except Refusal as refusal:
            return Speed(change, refusal=str(refusal))


def changed(section: Of, prefix: str, values: Values) -> Of:
    mine = {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
    return section.model_copy(update=mine)


def shared(section: Of, processes: int) -> Of:
    """As one of the processes has it, which share its batches."""
    return section.model_copy(update={"batch_size": max(section.batch_size // processes, 1)})


def proposals(before: Speed, tried: Sequence[Speed]) -> list[Change]:
    """What is worthwhile: the changes that leave the training what it is, of each kind the best, together; and the best
    batch, alone."""
    kinds = dict.fromkeys(tuple(one.change.values) for one in tried)
    best = [worthwhile(before, [one for one in tried if tuple(one.change.values) == kind]) for kind in kinds]
    together = [one for one in best if one.values and one.effect != OTHER]
    values = {key: value for one in together for key, value in one.values.items()}
    effect = "; ".join(dict.fromkeys(one.effect for one in together if one.effect != SAME)) or SAME
    joined = [Change(values, effect)] if together else []
    return joined + [one for one in best if one.values and one.effect == OTHER]


def worthwhile(before: Speed, alike: Sequence[Speed]) -> Change:
    """Of changes of the same keys, what is best for `train` by how fast it learns, for `predict` by how fast it
    predicts; without values where it is as good as it is."""
    values = {}
    for key in alike[0].change.values:
        speed = attrgetter("predicted" if key.startswith("predict.") else "learned")
        best = max(alike, key=speed)
        if speed(best) >= WORTHWHILE * speed(before):
            values[key] = best.change.values[key]
    return Change(values, alike[0].change.effect)
