"""Checkpoints: found by what they were trained with, whole, pruned, and held by one run at a time."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_text
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


def two_states(folder: Path) -> Checkpoints:
    checkpoints = Checkpoints(folder, {})
    for epochs in (1, 2):
        checkpoints.save({"progress": {"history": [{"epoch": epoch} for epoch in range(epochs)]}})
    return checkpoints


def epochs_of(checkpoints: Checkpoints) -> int | None:
    state = checkpoints.load()
    return None if state is None else len(state["progress"]["history"])


def test_two_are_kept_and_of_these_the_latest_that_is_whole_serves(tmp_path: Path) -> None:
    checkpoints = two_states(tmp_path)
    assert epochs_of(checkpoints) == 2
    content = checkpoints.path.read_bytes()
    checkpoints.path.write_bytes(content[:-1])
    assert epochs_of(checkpoints) == 1
    assert checkpoints.damaged == [checkpoints.path]
    checkpoints.before.write_bytes(b"")
    again = Checkpoints(tmp_path, {})
    assert epochs_of(again) is None
    assert again.damaged == [again.path, again.before]


@pytest.mark.parametrize(("lost", "serves"), [(2, 1), (1, None)])
def test_a_state_whose_kept_model_is_lost_serves_no_more(lost: int, serves: int | None, tmp_path: Path) -> None:
    """The soup needs the models of its epochs: without one of them that epoch is trained again."""
    checkpoints = Checkpoints(tmp_path, {}, (1, 2))
    for epoch in (1, 2):
        checkpoints.keep_model(epoch, lambda path: write_text(path, "a model"))
        checkpoints.save({"progress": {"history": [{}] * epoch}})
    assert epochs_of(Checkpoints(tmp_path, {}, (1, 2))) == 2
    checkpoints.models[lost].unlink()
    again = Checkpoints(tmp_path, {}, (1, 2))
    assert epochs_of(again) == serves
    assert again.damaged == [again.models[lost]]


def test_a_damaged_state_does_not_take_the_place_of_a_good_one(tmp_path: Path) -> None:
    checkpoints = two_states(tmp_path)
    good = checkpoints.before.read_bytes()
    checkpoints.path.write_bytes(b"damaged")
    again = Checkpoints(tmp_path, {})
    again.load()
    again.save(STATE)
    assert again.before.read_bytes() == good
    assert epochs_of(again) == 1


def test_killed_between_two_states_the_one_before_serves(tmp_path: Path) -> None:
    checkpoints = two_states(tmp_path)
    checkpoints.path.unlink()
    assert epochs_of(checkpoints) == 1
    assert checkpoints.damaged == []


def test_what_another_experiment_left_is_no_hindrance_when_it_is_damaged(tmp_path: Path) -> None:
    Checkpoints(tmp_path, {"train": 1}).save(STATE)
    for inputs in tmp_path.glob("*/inputs.json"):
        inputs.write_bytes(b"{")
    now = Checkpoints(tmp_path, {"train": 2})
    assert now.load() is None
    assert now.differences() == []
    now.save(STATE)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.faults
def test_any_flipped_bit_is_noticed(tmp_path: Path, outcome: Callable[..., None]) -> None:
    checkpoints = two_states(tmp_path)
    content = checkpoints.path.read_bytes()
    for bit in range(8 * len(content)):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << bit % 8
        checkpoints.path.write_bytes(damaged)
        os.utime(checkpoints.path, ns=(bit, bit))  # A file that looks the same is read once per process.
        assert epochs_of(checkpoints) == 1
        outcome("a bit of a checkpoint flips", "healed")


def test_cleared_when_done(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "fold0", {})
    checkpoints.save(STATE)
    checkpoints.clear()
    assert checkpoints.load() is None
    assert list(tmp_path.iterdir()) == []


def test_differing_in_lists_and_kinds() -> None:
    assert differing({"a": [1, 2], "b": {"c": 1}}, {"a": [1, 3], "b": 5}) == [
        "a: [1, 3], was [1, 2]",
        "b.c: absent, was 1",
        "b: 5, was absent",
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
