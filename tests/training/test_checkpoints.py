"""Checkpoints: found by what they were trained with, whole, pruned, and held by one run at a time."""

import os
from pathlib import Path

import pytest
import torch

from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.training.checkpoints import Checkpoints, checkpoints_folder, differing, key_inputs
from tests.training.small import train_section

STATE = {"progress": {"epoch": 2, "history": [{"epoch": 2, "train_loss": 0.5}]}, "model": {"weight": torch.ones(2)}}


def test_saved_and_loaded(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "fold0", {"train": {"epochs": 2}})
    assert checkpoints.load() is None
    checkpoints.save(STATE)
    loaded = Checkpoints(tmp_path / "fold0", {"train": {"epochs": 2}}).load()
    assert loaded is not None
    assert loaded["progress"] == STATE["progress"]
    assert torch.equal(loaded["model"]["weight"], torch.ones(2))
    assert checkpoints.differences() == []


def test_another_keys_are_not_loaded_but_named_then_pruned(tmp_path: Path) -> None:
    before = Checkpoints(tmp_path / "fold0", {"train": {"epochs": 2, "rate": {"head": 0.1}}, "code": {"a": "x"}})
    before.save(STATE)
    now = Checkpoints(tmp_path / "fold0", {"train": {"epochs": 3, "rate": {"head": 0.1}}, "code": {"b": "y"}})
    assert now.load() is None
    assert now.differences() == ["train.epochs: 3, was 2", "code.a: absent, was x", "code.b: y, was absent"]
    assert before.load() is not None
    now.save(STATE)
    assert before.load() is None


def test_cleared_when_done(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "fold0", {})
    checkpoints.save(STATE)
    checkpoints.clear()
    assert checkpoints.load() is None
    assert list(tmp_path.iterdir()) == []


def test_differing_in_lists_and_kinds() -> None:
    assert differing({"a": [1, 2], "b": {"c": 1}}, {"a": [1, 3], "b": 5}) == [
        "a: [1, 3], was [1, 2]",
        "b: 5, was {'c': 1}",
    ]


def test_inputs_are_parameters_facts_code_libraries_and_files(tmp_path: Path) -> None:
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"one")
    inputs = key_inputs(train_section(seeds=[5, 6]), 5, ["horizontal_flip"], [file], "c0de")
    assert inputs["train"]["schedule"]["kind"] == "warmup_cosine"
    assert inputs["seed"] == 5
    assert inputs["code"] == "c0de"
    assert key_inputs(train_section(seeds=[5]), 5, ["horizontal_flip"], [file], "c0de") == inputs, (
        "the others are nothing to it"
    )
    assert inputs["symmetries"] == ["horizontal_flip"]
    assert set(inputs["libraries"]) == {"torch", "timm", "albumentations", "accelerate"}
    file.write_bytes(b"other")
    assert key_inputs(train_section(), 5, ["horizontal_flip"], [file], "c0de")["files"] != inputs["files"]


def test_refuses_to_train_beside_another_run(tmp_path: Path) -> None:
    first, second = (Checkpoints(tmp_path / "fold3" / "seed0", {}) for _ in range(2))
    with (
        first.alone(),
        pytest.raises(
            Refusal, match=rf"fold3/seed0 is being trained already, by process {os.getpid()}.*kill {os.getpid()}"
        ),
        second.alone(patience_seconds=0.1),
    ):
        pass
    with second.alone(patience_seconds=0.1):
        pass


def test_other_processes_of_a_run_share_its_lock(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "fold3" / "seed0", {})
    with checkpoints.alone(), Checkpoints(tmp_path / "fold3" / "seed0", {}).alone(is_main_process=False):
        pass


def test_an_interrupted_training_says_after_which_epoch_it_resumes(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "fold3" / "seed0", {})
    with pytest.raises(KeyboardInterrupt, match=r"^$"), checkpoints.alone():
        raise KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt, match="after epoch 1"), checkpoints.alone():
        checkpoints.save(STATE)
        raise KeyboardInterrupt
    again = Checkpoints(tmp_path / "fold3" / "seed0", {})
    with pytest.raises(KeyboardInterrupt, match="after epoch 1"), again.alone():
        again.load()
        raise KeyboardInterrupt


def test_elsewhere_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checkpoints_folder(Places("digits"), 2, 7) == Path("work/digits/checkpoints/fold2/seed7")
    monkeypatch.setenv("FOLDLINE_CHECKPOINTS", "/safe")
    assert checkpoints_folder(Places("digits"), 2, 7) == Path("/safe/digits/fold2/seed7")
