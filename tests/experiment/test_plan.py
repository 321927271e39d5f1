"""From a few timed steps to the minutes of a run, and to what is worthwhile: worked out by hand."""

from typing import Any

import pytest

from foldline.experiment.budget import START_SECONDS
from foldline.experiment.plan import (
    AS_IT_IS,
    OTHER,
    ROUNDED,
    SAME,
    SAME_GRADIENTS,
    Change,
    Speed,
    Times,
    changed,
    changes,
    proposals,
    shared,
)
from foldline.params.section import parse
from foldline.predicting.predicted_rows import Predict
from foldline.training.timing import TrainingTime
from tests.training.small import train_section

TIME = TrainingTime(
    first_seconds=9.0,
    waiting_seconds=0.5,
    working_seconds=1.5,
    refreshing_seconds=0.75,
    validation_seconds=0.1,
    unevenness=1.0,
    peak_bytes=10**9,
)
PREDICT = parse({"views": ["identity"], "precision": "float32", "batch_size": 16, "workers": 0}, Predict, "predict")


def times(processes: int = 1, **keys: Any) -> Times:
    """A fold has 10 steps of 8 images, 20 images to validate, 30 to test."""
    return Times([(train_section(**keys), TIME)], 0.2, processes, training=79, validation=20, test=30)


def test_an_epoch_is_its_steps_its_statistics_and_its_validation() -> None:
    assert times().epoch(0, 2, 79, 20) == pytest.approx(10 * 2.0 + 3 * 0.75 + 20 * 0.1)
    assert times(average={"kind": "none"}).epoch(0, 2, 79, 20) == pytest.approx(10 * 2.0 + 20 * 0.1)
    assert times(processes=2).epoch(0, 2, 79, 20) == pytest.approx(10 * 2.0 + 3 * 0.75 + 10 * 0.1)


def test_small_images_take_less_work_but_not_less_waiting() -> None:
    growing = {"start_fraction": 0.5, "end_fraction": 1.0, "growing_epochs": 2}
    small = times(average={"kind": "none"}, resolution=growing).epoch(0, 0, 79, 0)
    assert small == pytest.approx(10 * (0.5 + 1.5 / 4))


def test_a_fold_is_its_start_its_epochs_and_its_predictions() -> None:
    """An epoch takes 24.25 seconds, one of all rows 13 steps and no validation: 28.25."""
    start = START_SECONDS + 9 - 2
    assert times().fold(1) == pytest.approx(start + 3 * 24.25 + 50 * 0.2)
    assert times(processes=2).fold(1) == pytest.approx(start + 3 * 23.25 + 50 * 0.1)
    assert times().fold("all") == pytest.approx(start + 3 * 28.25 + 30 * 0.2)
    assert times().fold("all_head0") == pytest.approx(2 * start + 3 * (24.25 + 28.25) + 30 * 0.2)
    assert times().run([0, 1, "all"], seeds=2) == pytest.approx(4 * times().fold(0) + 2 * times().fold("all"))


def test_side_by_side_a_run_is_as_many_rounds_as_its_trainings_take_in_the_slots() -> None:
    one, whole = times().fold(0), times().fold("all")
    assert times().run([0, 1, 2, 3, 4], seeds=1, slots=4) == pytest.approx(2 * one)
    assert times().run([0, 1, 2], seeds=3, slots=4) == pytest.approx(3 * one)
    assert times().run([0, 1], seeds=1, slots=4) == pytest.approx(one)
    assert times().run([0, 1, "all"], seeds=1, slots=2) == pytest.approx(one + whole)


def test_a_linear_probe_looks_at_each_image_once_before() -> None:
    probe = {"kind": "linear_probe", "inverse_penalty": 1.0}
    assert times(head_initialisation=probe).fold(1) == pytest.approx(times().fold(1) + 79 * 0.1)


def test_a_backbone_that_no_epoch_trains_sees_each_image_once_for_all_folds() -> None:
    probe = {"kind": "linear_probe", "inverse_penalty": 1.0}
    alone = times(processes=2, head_initialisation=probe, epochs=0, schedule={"kind": "constant"})
    assert alone.fold(1) == pytest.approx(START_SECONDS + 129 * 0.1)
    assert alone.run([0, 1, 2], seeds=2) == pytest.approx(6 * START_SECONDS + 129 * 0.1)
    assert alone.run([0, 1, 2], seeds=2, slots=4) == pytest.approx(2 * START_SECONDS + 129 * 0.1)


def test_phases_add_up() -> None:
    fast = TrainingTime(2.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0)
    phases = [(train_section(epochs=epochs), time) for epochs, time in ((1, TIME), (2, fast))]
    found = Times(phases, 0.0, 1, training=80, validation=20, test=0).fold(0)
    assert found == pytest.approx(START_SECONDS + (9 - 2) + 24.25 + (2 - 1) + 2 * 10)


def test_what_is_tried_is_what_there_is_room_for() -> None:
    config = train_section(batch_size=32, micro_batch_size=8, workers=1)
    assert changes(config, ("float32", "bfloat16"), 3, 1000) == [
        Change({"train.precision": "bfloat16", "predict.precision": "bfloat16"}, ROUNDED),
        Change({"train.channels_last": True}, ROUNDED),
        Change({"train.micro_batch_size": 4}, SAME_GRADIENTS),
        Change({"train.micro_batch_size": 16}, SAME_GRADIENTS),
        Change({"train.batch_size": 16, "train.micro_batch_size": 8}, OTHER),
        Change({"train.batch_size": 64, "train.micro_batch_size": 8}, OTHER),
        Change({"train.workers": 0, "predict.workers": 0}, SAME),
        Change({"train.workers": 2, "predict.workers": 2}, SAME),
    ]
    whole = changes(train_section(batch_size=4, micro_batch_size=8), ("float32",), 0, 4)
    assert [change.values for change in whole] == [
        {"train.channels_last": True},
        {"train.micro_batch_size": 2},
        {"train.batch_size": 2, "train.micro_batch_size": 2},
    ]


def test_a_change_is_of_its_sections_and_processes_share_batches() -> None:
    change = Change({"train.workers": 2, "predict.workers": 2, "train.channels_last": True}, SAME)
    config, predict = changed(train_section(), "train.", change.values), changed(PREDICT, "predict.", change.values)
    assert (config.workers, config.channels_last, predict.workers) == (2, True, 2)
    assert (shared(config, 3).batch_size, shared(predict, 32).batch_size) == (2, 1)
    assert change.options == "-S train.workers=2 -S predict.workers=2 -S train.channels_last=true"
    assert change.words == "workers 2, channels_last true"


def test_the_best_of_each_kind_is_proposed_together_and_a_batch_alone() -> None:
    """As it is: 100 images a second are learned, 1000 predicted; 5% more is worthwhile."""
    precision, loaders = ({f"train.{key}": 0, f"predict.{key}": 0} for key in ("precision", "workers"))
    tried = [
        Speed(Change({**precision, "train.precision": "bfloat16"}, ROUNDED), 150.0, 800.0),
        Speed(Change({"train.channels_last": True}, ROUNDED), 104.0),
        Speed(Change({"train.micro_batch_size": 4}, SAME_GRADIENTS), 90.0),
        Speed(Change({"train.micro_batch_size": 16}, SAME_GRADIENTS), refusal="out of memory"),
        Speed(Change({"train.batch_size": 16}, OTHER), 70.0),
        Speed(Change({"train.batch_size": 64}, OTHER), 106.0),
        Speed(Change({**loaders, "train.workers": 1, "predict.workers": 1}, SAME), 120.0, 1100.0),
        Speed(Change({**loaders, "train.workers": 2, "predict.workers": 2}, SAME), 110.0, 1200.0),
    ]
    before = Speed(AS_IT_IS, 100.0, 1000.0)
    assert proposals(before, tried) == [
        Change({"train.precision": "bfloat16", "train.workers": 1, "predict.workers": 2}, ROUNDED),
        Change({"train.batch_size": 64}, OTHER),
    ]
    assert proposals(before, tried[1:4]) == []
