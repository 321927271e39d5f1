import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from foldline.card.activations import NormalisedSigmoid
from foldline.predicting.logits import create_logits, read_logits
from foldline.predicting.predicting import predict
from foldline.training.frozen import frozen_features
from foldline.training.processes import start_accelerator, turn_channels_last
from tests.ensembling.toy_prediction import (
    IMAGES_PER_ROW,
    ROWS,
    ToyModel,
    images,
    load,
    passes,
    pixels,
    to_freeze,
    views,
)
from tests.words import SIGMOID, SOFTMAX


def expected_logits() -> np.ndarray:
    """The mean over each row's images, worked out without any of ours."""
    model = ToyModel().eval()
    with torch.no_grad():
        of_images = torch.stack([model(view(pixels())) for view in views()], dim=1).numpy()[::-1]
    ends = np.cumsum(IMAGES_PER_ROW)
    return np.stack(
        [of_images[end - count : end].mean(axis=0) for end, count in zip(ends, IMAGES_PER_ROW, strict=True)]
    )


def test_a_row_is_the_mean_over_its_images_view_by_view(tmp_path: Path) -> None:
    logits = create_logits(
        tmp_path, ["a"], [str(row) for row in range(ROWS)], ["identity", "flip"], list("abc"), SOFTMAX
    )
    model = ToyModel().train()
    predict(passes(model), load, images(), start_accelerator("float32"), logits.test, "mean", "rows")
    assert not model.training
    np.testing.assert_allclose(logits.test, expected_logits(), atol=1e-6)


def test_lower_precision_gives_float32_logits(tmp_path: Path) -> None:
    logits = create_logits(
        tmp_path, ["a"], [str(row) for row in range(ROWS)], ["identity", "flip"], list("abc"), SOFTMAX
    )
    with torch.autocast("cpu", torch.bfloat16):
        predict(passes(ToyModel()), load, images(), start_accelerator("float32"), logits.test, "mean", "rows")
    assert logits.test.dtype == np.float32
    difference = np.abs(logits.test - expected_logits()).max()
    assert 0 < difference < 0.02


def test_of_very_many_classes_normalised_sigmoids_are_written_as_a_softmax_that_can_be_compact() -> None:
    model, batch = ToyModel().eval(), pixels()[:5]
    normalised = NormalisedSigmoid(kind="normalised_sigmoid")
    assert (normalised.stored(model, 2000), SIGMOID.stored(model, 2001)) == (normalised, SIGMOID)
    with torch.no_grad():
        expected = normalised.scores(model(batch).numpy())
        assert normalised.stored(model, 2001) == SOFTMAX
        np.testing.assert_allclose(SOFTMAX.scores(model(batch).numpy()), expected, rtol=1e-5, atol=1e-5)


class Told(ToyModel):
    def forward(self, batch: torch.Tensor, tabular: torch.Tensor) -> torch.Tensor:
        return super().forward(batch) + tabular


@pytest.mark.parametrize("processes", [1, 3])
def test_every_image_and_view_of_a_row_is_told_the_rows_features(processes: int, tmp_path: Path) -> None:
    logits = create_logits(
        tmp_path, ["a"], [str(row) for row in range(ROWS)], ["identity", "flip"], list("abc"), SOFTMAX
    )
    tabular = np.arange(3 * ROWS, dtype=np.float32).reshape(ROWS, 3)
    told = replace(images(), tabular=(tabular,))
    for process in range(processes):
        accelerator = start_accelerator("float32")
        mine = told.part(process, processes)
        predict(passes(Told()), load, mine, accelerator, logits.test, "mean", "rows")
    np.testing.assert_allclose(logits.test, expected_logits() + tabular[:, None], atol=1e-5)


@pytest.mark.parametrize("processes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_any_number_of_processes_predicts_each_row_once(processes: int, tmp_path: Path) -> None:
    environment = {**os.environ, "FOLDLINE_PROCESSES": str(processes), "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "tests.ensembling.toy_prediction", str(tmp_path)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    started = {f"process{process}of{processes}" for process in range(processes)}
    assert {path.name for path in tmp_path.iterdir()} == {*started, "fold0", "frozen"}
    logits = read_logits(tmp_path / "fold0")
    np.testing.assert_allclose(logits.test, expected_logits(), atol=1e-6)
    np.testing.assert_allclose(logits.validation, expected_logits()[:2], atol=1e-6)
    frozen_features(*to_freeze(), tmp_path / "alone", ["identity"], 0, start_accelerator("float32"))
    (together,), (alone,) = ((tmp_path / name).rglob("features.npy") for name in ("frozen", "alone"))
    assert together.read_bytes() == alone.read_bytes()


@pytest.mark.parametrize("processes", [1, 2, 3, 7, 20])
def test_shares_are_all_rows_each_once(processes: int) -> None:
    every = images()
    shares = [every.part(process, processes) for process in range(processes)]
    np.testing.assert_array_equal(np.concatenate([share.cache_indices for share in shares]), every.cache_indices)
    rows = [set(share.rows.tolist()) for share in shares]
    assert sum(map(len, rows)) == ROWS == len(set().union(*rows))


def test_convolutions_of_images_are_turned_and_all_others_left() -> None:
    layers = torch.nn.ModuleList([torch.nn.Conv2d(3, 4, 3), torch.nn.Conv3d(3, 4, 3), torch.nn.Conv1d(3, 4, 3)])
    images, before = torch.randn(2, 3, 8, 8), layers[0].weight.clone()
    expected = layers[0](images)
    turn_channels_last(layers)
    assert layers[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert layers[0](images).is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(layers[0].weight, before)
    torch.testing.assert_close(layers[0](images), expected)
    assert all(layer.weight.is_contiguous() for layer in layers[1:])


def test_a_loader_that_repeats_an_image_does_not_pass(tmp_path: Path) -> None:
    logits = create_logits(
        tmp_path, ["a"], [str(row) for row in range(ROWS)], ["identity", "flip"], list("abc"), SOFTMAX
    )

    def padded(positions: np.ndarray) -> list:
        batches = list(load(positions))
        return [*batches, batches[0]]

    with pytest.raises(RuntimeError, match="the loader gave 4 of 18 images more or less than once"):
        predict(passes(ToyModel()), padded, images(), start_accelerator("float32"), logits.test, "mean", "rows")
