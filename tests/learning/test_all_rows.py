"""Training on all rows: the folds' epochs and schedule, nothing to validate."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from accelerate import Accelerator

from foldline.config.params import Params
from foldline.config.section import parse, read_yaml
from foldline.learning.checkpoints import Checkpoints
from foldline.learning.fold import Fold
from foldline.learning.fold_training import train_fold
from foldline.learning.samples import Samples
from foldline.learning.trained import write_trained
from foldline.refusal import Refusal
from foldline.tables.history import read_history
from tests.learning.small import small_fold, train_section
from tests.learning.together import train_together


def all_rows() -> Fold:
    fold = small_fold()
    both = (fold.training, fold.validation)
    training = Samples(
        np.concatenate([part.positions for part in both]),
        np.concatenate([part.targets for part in both]),
        tuple(row for part in both for row in part.row_ids),
    )
    nothing = Samples(training.positions[:0], training.targets[:0], ())
    return dataclasses.replace(fold, name="all", training=training, validation=nothing)


def test_as_many_epochs_with_more_steps_and_no_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """43 images in steps of at most 8 are 6 steps, 28 are 4; the schedule ends at the same share of the rate."""
    config = train_section()
    checkpoints = Checkpoints(tmp_path / "all", {})
    trained = train_fold(all_rows(), config, checkpoints, Accelerator(cpu=True))
    assert checkpoints.load()["progress"]["step"] == 3 * 6  # type: ignore[index]
    of_fold = train_fold(small_fold(), config, Checkpoints(tmp_path / "fold", {}), Accelerator(cpu=True))
    assert len(trained.history) == len(of_fold.history)
    assert trained.history[-1]["learning_rate"] < of_fold.history[-1]["learning_rate"] < 0.2 * 0.003
    write_trained(tmp_path, trained)
    history = read_history(tmp_path / "history.csv")
    assert history["validation_loss"].isna().all()
    assert history["train_loss"].notna().all()
    assert set(json.loads((tmp_path / "metrics.json").read_text())) >= {"epoch", "train_loss"}
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    assert "fold all, seed 0  epoch   3/3  train loss" in capsys.readouterr().out


def test_in_two_processes(tmp_path: Path) -> None:
    train_together(2, all_rows(), train_section(epochs=1), tmp_path)
    assert (tmp_path / "process0" / "model.safetensors").exists()


def params(**changes: object) -> Params:
    return parse(read_yaml(Path("params.yaml")) | changes, Params, "params.yaml")


def test_it_is_off_by_default_and_listed_like_a_fold() -> None:
    assert "all" not in params().folds
    assert params(folds=[0, 1, 2, "all"]).folds == (0, 1, 2, "all")


def test_refuses_what_nothing_would_judge() -> None:
    with pytest.raises(Refusal, match="a model without out-of-fold rows"):
        params(folds=["all"])
    best = read_yaml(Path("params.yaml"))["train"] | {"keep": "best"}
    with pytest.raises(Refusal, match=r"no rows to choose an epoch by: set train.keep to last"):
        params(folds=[0, "all"], train=best)
    with pytest.raises(Refusal, match=r"it takes different ones of \[0, 1, 2, 'all'\]"):
        params(folds=[0, 3])
