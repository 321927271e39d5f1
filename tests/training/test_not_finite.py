"""A number that is not finite is refused where it enters a training, before a checkpoint or a model holds it."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from torch import Tensor, nn

from foldline.files.refusal import Refusal
from foldline.predicting.logits import create_logits
from foldline.predicting.predicting import predict
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold
from foldline.training.measuring import refuse_lost_weights
from foldline.training.models import Classifier
from foldline.training.optimizers import NoClipping
from foldline.training.processes import start_accelerator
from foldline.training.rate_finder import while_finite
from tests.ensembling.toy_prediction import ROWS, images, load, passes
from tests.training.small import small_fold, train_section
from tests.words import SOFTMAX


def train(folder: Path, **changes: Any) -> None:
    train_fold(small_fold(), train_section(epochs=1, **changes), Checkpoints(folder, {}), Accelerator(cpu=True))


@pytest.mark.parametrize("keep", ["last", "best"])
@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_validation_loss(bad: float, keep: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As statistics of an average make it, which no training loss shows."""
    forward = Classifier.forward

    def unfit(self: Classifier, images: Tensor, *tabular: Tensor) -> Tensor:
        logits = forward(self, images, *tabular)
        return logits if self.training else torch.full_like(logits, bad)

    monkeypatch.setattr(Classifier, "forward", unfit)
    with pytest.raises(Refusal, match=r"the validation loss is not a number, for the rows row0, row3, row6"):
        train(tmp_path, keep=keep, average={"kind": "none"})
    assert not list(tmp_path.rglob("*.pt"))


def test_gradients_of_the_last_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No loss shows them any more."""

    def lose(self: NoClipping, accelerator: Accelerator, model: nn.Module) -> None:
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad.fill_(math.nan)

    monkeypatch.setattr(NoClipping, "clip", lose)
    with pytest.raises(Refusal, match=r"after epoch 1 the model's `.*` is not finite, .*: gradients were not"):
        train(tmp_path, clipping={"kind": "none"}, batch_size=100, micro_batch_size=100)
    assert not list(tmp_path.rglob("*.pt"))


def test_statistics_of_batchnorm() -> None:
    model = nn.Sequential(nn.BatchNorm1d(2))
    refuse_lost_weights(model, 1)
    model[0].running_var[1] = math.inf  # type: ignore[index]
    with pytest.raises(Refusal, match=r"`0.running_var` is not finite"):
        refuse_lost_weights(model, 1)


def test_steps_that_half_precision_skips_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a GPU the scaler of gradients skips them; here Accelerate only says so."""
    monkeypatch.setattr(Accelerator, "optimizer_step_was_skipped", property(lambda self: True))
    train(tmp_path)
    told = capsys.readouterr().out
    assert "fold 1, seed 0: 4 of 4 steps were skipped: their gradients were not finite in float16" in told


def test_predictions(tmp_path: Path) -> None:
    class Lost(nn.Module):
        def forward(self, images: Tensor) -> Tensor:
            logits = torch.zeros(len(images), 3)
            logits[0, 1] = math.inf
            return logits

    ids = [str(row) for row in range(ROWS)]
    logits = create_logits(tmp_path, ["a"], ids, ["identity", "flip"], list("abc"), SOFTMAX)
    with pytest.raises(Refusal, match=r"numbers that are not finite for test rows, in rows \d"):
        predict(passes(Lost()), load, images(), start_accelerator("float32"), logits.test, "mean", "test rows")


def test_rates_are_suggested_from_what_came_before() -> None:
    rates, losses = np.geomspace(1e-4, 1, 5), np.array([2.0, 1.5, 1.0, math.nan, math.nan])
    assert [part.tolist() for part in while_finite(rates, losses)] == [rates[:3].tolist(), losses[:3].tolist()]
    assert len(while_finite(rates, np.ones(5))[0]) == 5
    with pytest.raises(Refusal, match=r"not a finite number after 1 steps at a rate of 0.0001 already"):
        while_finite(rates, np.full(5, math.nan))
