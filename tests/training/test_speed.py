"""What a machine makes of a model, timed: never how fast it is, since machines differ."""

from collections.abc import Iterator

import pytest

from foldline.files.refusal import Refusal
from foldline.training import speed
from foldline.training.speed import measure_speed, precisions, seconds_of_augmentation
from tests.training.small import MODEL, train_section


def test_it_takes_the_precision_that_is_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a step 40 ms and 80, of a prediction 10 and 5, of an image; without augmentation, on a CPU."""
    seconds: Iterator[tuple[float, float]] = iter([(0.04, 0.01), (0.08, 0.005)])
    monkeypatch.setattr(speed, "seconds_of_image", lambda *_: next(seconds))
    monkeypatch.setattr(speed, "seconds_of_augmentation", lambda *_: 0.01)
    monkeypatch.setattr(speed, "has_gpu", lambda: False)
    monkeypatch.setenv("FOLDLINE_PROCESSES", "2")
    found = measure_speed(train_section(), 24, 24, 3)
    assert (found.precision, found.workers) == (precisions()[0], 0)
    assert (found.learned, found.predicted) == pytest.approx((2 / 0.05, 2 / 0.01))


@pytest.mark.parametrize("channels", [1, 3])
def test_it_times_what_is_trained(channels: int) -> None:
    config = train_section(augmentation={"recipe": "light", "transforms": []}, loss={"kind": "mean_squared_error"})
    found = measure_speed(config, 24, 32, channels)
    assert min(found.learned, found.predicted, seconds_of_augmentation(config, 24, 32, channels)) > 0


def test_without_augmentation_it_takes_no_time() -> None:
    config = train_section(augmentation={"recipe": "none", "transforms": []})
    assert seconds_of_augmentation(config, 24, 32, 3) == 0


def test_a_model_that_such_images_do_not_suit_is_refused() -> None:
    with pytest.raises(
        Refusal, match=r"^train.model cannot be had as it is: on two images of noise it fails \(RuntimeE"
    ):
        measure_speed(train_section(model=MODEL | {"name": "test_convnext"}), 4, 4, 3)
