"""Training on all rows: the folds' epochs and schedule, nothing to validate."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from scipy.sparse import vstack

from foldline.experiment.params import Params
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows, write_rows
from foldline.params.section import parse
from foldline.params.yaml_files import read_yaml
from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_samples import Samples
from foldline.training.fold_training import learn, train_fold, write_trained
from foldline.training.history import read_history
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold, Weights, build_training
from pipelines.fold_training import read_fold
from pipelines.running import fold_name, read_settings
from tests.training.small import small_fold, train_section
from tests.training.test_stage import write_competition
from tests.training.together import train_together


def all_rows() -> Fold:
    fold = small_fold()
    both = (fold.training, fold.validation)
    training = Samples(
        np.concatenate([part.cache_indices for part in both]),
        vstack([part.targets for part in both], format="csr"),
        np.concatenate([part.weights for part in both]),
        tuple(row for part in both for row in part.row_ids),
    )
    nothing = training.at(np.arange(0))
    return dataclasses.replace(fold, name="all", training=training, validation=nothing)


def test_as_many_epochs_with_more_steps_and_no_validation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """43 images in steps of at most 8 are 6 steps, 28 are 4; the schedule ends at the same share of the rate."""
    config = train_section()
    checkpoints = Checkpoints(tmp_path / "all", {})
    trained = train_fold(all_rows(), config, checkpoints, Accelerator(cpu=True))
    assert checkpoints.load()["average"]["taken"] == 3 * 6  # type: ignore[index]
    of_fold = train_fold(small_fold(), config, Checkpoints(tmp_path / "fold", {}), Accelerator(cpu=True))
    assert len(trained.history) == len(of_fold.history)
    assert trained.history[-1]["learning_rate"] < of_fold.history[-1]["learning_rate"] < 0.2 * 0.003
    write_trained(tmp_path, trained)
    history = read_history(tmp_path / "history.csv")
    assert history["validation_loss"].isna().all()
    assert history["train_loss"].notna().all()
    assert set(json.loads((tmp_path / "metrics.json").read_text())) >= {"epoch", "train_loss"}
    assert "NaN" not in (tmp_path / "metrics.json").read_text()
    assert "fold all, seed 0  epoch 3/3  train " in capsys.readouterr().out


def with_old_head() -> Fold:
    fold = all_rows()
    return dataclasses.replace(fold, name="all_head0", before=dataclasses.replace(small_fold(), name=0))


class Killed(BaseException):
    pass


class DyingCheckpoints(Checkpoints):
    """The process ends right after the last of some checkpoints."""

    left = -1

    def save(self, state: Any) -> None:
        super().save(state)
        self.left -= 1
        if self.left == 0:
            raise Killed


def test_the_head_that_was_learned_without_a_fold_is_put_back(tmp_path: Path) -> None:
    config, accelerator = train_section(epochs=2), Accelerator(cpu=True)
    fold = with_old_head()
    assert fold.before is not None
    without = train_fold(fold.before, config, Checkpoints(tmp_path / "without", {}), accelerator).model
    gone_on = learn(fold, config, None, Checkpoints(tmp_path / "on", {}), accelerator, without.state_dict())
    trained = train_fold(fold, config, Checkpoints(tmp_path / "all", {}), accelerator)
    assert trained.history == gone_on.history
    assert len(trained.history) == 2
    for name, weights in trained.model.named_parameters():
        is_head = name.startswith("head.")
        assert torch.equal(weights, without.get_parameter(name)) == is_head
        assert torch.equal(weights, gone_on.model.get_parameter(name)) != is_head


def test_it_goes_on_from_where_the_one_before_ended_without_a_second_probe(tmp_path: Path) -> None:
    config = train_section(epochs=1, head_initialisation={"kind": "linear_probe", "inverse_penalty": 1.0})
    learned = {name: torch.full_like(value, 0.5) for name, value in new_weights(config, None).items()}
    begun = new_weights(config, learned)
    assert all(torch.equal(begun[name], value) for name, value in learned.items())


def new_weights(config: Train, learned: Weights | None) -> Weights:
    return build_training(all_rows(), config, 4, torch.device("cpu"), learned).model.state_dict()


def files_of(folder: Path) -> list[bytes]:
    """Of a training that goes on from what `folder` holds."""
    config = train_section(epochs=2, average={"kind": "none"})
    trained = train_fold(with_old_head(), config, Checkpoints(folder, {}), Accelerator(cpu=True))
    write_trained(folder, trained)
    return [(folder / name).read_bytes() for name in ("model.safetensors", "history.csv", "metrics.json")]


@pytest.fixture(scope="module")
def never_stopped(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    return files_of(tmp_path_factory.mktemp("never_stopped"))


@pytest.mark.parametrize("checkpoints", [1, 2, 3, 4], ids=["first", "between", "second", "end"])
def test_stopped_before_or_after_the_head_is_learned_it_ends_the_same(
    checkpoints: int, never_stopped: list[bytes], tmp_path: Path
) -> None:
    dying = DyingCheckpoints(tmp_path, {})
    dying.left = checkpoints
    with pytest.raises(Killed):
        train_fold(with_old_head(), train_section(epochs=2, average={"kind": "none"}), dying, Accelerator(cpu=True))
    assert files_of(tmp_path) == never_stopped


def test_what_the_stage_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_competition(tmp_path)
    monkeypatch.chdir(tmp_path)
    settings = read_settings()
    assert read_fold(settings, "all", 0, train_section()).before is None
    fold = read_fold(settings, fold_name("all_head0"), 2, train_section())
    assert fold.before is not None
    assert (len(fold.training), len(fold.validation)) == (43, 0)
    assert (fold.seed, fold.before.seed) == (2, 2)
    assert (fold.before.name, len(fold.before.training), len(fold.before.validation)) == (0, 28, 15)


def test_features_are_encoded_as_the_rows_say_whose_head_the_model_ends_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_competition(tmp_path).rows
    monkeypatch.chdir(tmp_path)
    rows = read_rows(path)
    write_rows(path, rows.assign(**{"tabular:age": np.arange(len(rows), dtype=np.float64)}))
    train = train_section()
    old_head, of_fold, whole = (read_fold(read_settings(), name, 0, train) for name in ("all_head0", 0, "all"))
    assert old_head.before is not None
    assert old_head.tabular == old_head.before.tabular == of_fold.tabular != whole.tabular
    assert whole.validation.tabular[0].shape == (0, 1)
    told = old_head.training.tabular[0][[old_head.training.row_ids.index(row) for row in of_fold.training.row_ids]]
    np.testing.assert_array_equal(told, of_fold.training.tabular[0])
    without = train.model_copy(update={"model": train.model.model_copy(update={"tabular_features": "none"})})
    alone = read_fold(read_settings(), 0, 0, without)
    assert (alone.tabular, alone.training.tabular) == (None, ())
    few = read_fold(read_settings(), 0, 0, train.model_copy(update={"label_fraction": 0.2}))
    ages = rows.index[rows["row_id"].isin(few.training.row_ids) & (rows["part"] == "train")]
    assert few.tabular is not None and len(few.training) < len(of_fold.training)
    assert few.tabular.numbers[0].mean == pytest.approx(ages.to_numpy().mean()), "rows without a label say nothing"


def test_in_two_processes(tmp_path: Path) -> None:
    train_together(2, with_old_head(), train_section(epochs=1), tmp_path)
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        assert (tmp_path / "process0" / name).read_bytes() == (tmp_path / "process1" / name).read_bytes()


def params(**changes: object) -> Params:
    return parse(read_yaml(Path("pipelines/recipes/digits.yaml")) | changes, Params, "params.yaml")


def test_it_is_off_by_default_and_listed_like_a_fold() -> None:
    assert "all" not in params().folds
    assert params(folds=[0, 1, 2, "all"]).folds == (0, 1, 2, "all")


def test_refuses_what_nothing_would_judge() -> None:
    with pytest.raises(Refusal, match="has no fold with validation rows"):
        params(folds=["all", "all_head0"])
    best = read_yaml(Path("pipelines/recipes/digits.yaml"))["train"] | {"keep": "best"}
    with pytest.raises(Refusal, match=r"all_head0, without rows to choose an epoch by: set train.keep to la"):
        params(folds=[0, "all_head0"], train=best)
    phases = [{"name": "only", "epochs": 6, "save_model": False, "keep": "best"}]
    with pytest.raises(Refusal, match=r"to choose an epoch by: set train.keep, and that of each phase, to last"):
        params(folds=[0, "all"], train=best | {"keep": "last", "phases": phases})
    with pytest.raises(Refusal, match=r"is invalid; choose from 0, 1, 2, all, all_head0, each once"):
        params(folds=[0, 3])
