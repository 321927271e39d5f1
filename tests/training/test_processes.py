"""Several processes learn what one learns, each image once."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from foldline.files.refusal import Refusal
from foldline.training.checkpoints import Checkpoints
from foldline.training.history import read_history
from foldline.training.layer_groups import layer_depths
from foldline.training.models import Classifier
from foldline.training.processes import memory_advice, start_accelerator
from foldline.training.training_setup import build_training
from tests.training.small import MODEL, small_fold, train_section
from tests.training.together import train_together

WITHOUT_BATCHNORM = {
    "model": MODEL | {"name": "test_vit"},
    "optimizer": {"kind": "sgd", "momentum": 0.9, "nesterov": False, "weight_decay": 0.0},
    "learning_rates": {"kind": "layer_decay", "head": 0.1, "backbone": 0.1, "layer_decay": 1.0, "groups": "stages"},
}


def test_equal_one_process(tmp_path: Path) -> None:
    """28 images in steps of 7: shares of 3, 2 and 2 cut into parts of 2 + 1, 2 and 2."""
    config = train_section(**WITHOUT_BATCHNORM)
    in_parts = config.model_copy(update={"micro_batch_size": 2})
    train_together(3, small_fold(), in_parts, tmp_path / "together")
    train_together(1, small_fold(), config, tmp_path / "alone")
    alone, together = (load_file(tmp_path / who / "process0" / "model.safetensors") for who in ("alone", "together"))
    assert all(torch.allclose(alone[name], together[name], atol=1e-5) for name in alone)
    histories = [read_history(tmp_path / who / "process0" / "history.csv") for who in ("alone", "together")]
    assert histories[0].to_numpy() == pytest.approx(histories[1].to_numpy(), abs=1e-5)


def test_equal_one_process_while_parts_are_unfrozen(tmp_path: Path) -> None:
    """The head, then its three nearest groups of layers one by one: at each epoch the processes are wrapped anew."""
    gradual = {"kind": "gradual", "head_epochs": 1, "stage_epochs": 1, "batchnorm": "eval"}
    config = train_section(epochs=4, freezing=gradual, **WITHOUT_BATCHNORM)
    for world, name in ((1, "alone"), (2, "together")):
        train_together(world, small_fold(), config, tmp_path / name)
    alone, together = (load_file(tmp_path / who / "process0" / "model.safetensors") for who in ("alone", "together"))
    model = build_training(small_fold(), config, 4, torch.device("cpu")).model
    assert isinstance(model, Classifier)
    depths = {f"backbone.{name}": depth for name, depth in layer_depths(model.backbone, "stages").items()}
    for name, first in model.named_parameters():
        assert torch.allclose(alone[name], together[name], atol=1e-5)
        assert torch.equal(together[name], first) == (depths.get(name, 0) >= 3)


@pytest.mark.parametrize("batch_size", [5, 27])
def test_steps_and_rates_are_those_of_one_process(batch_size: int, tmp_path: Path) -> None:
    """28 images in steps of 5 and 4, and of 14: shared unevenly by two, and cut into unequal micro-batches. As many
    steps of the optimiser, at the same rates, on as many images in all; a rate per image would change by this."""
    config = train_section(batch_size=batch_size, micro_batch_size=2, model=WITHOUT_BATCHNORM["model"])
    found = {}
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        train_together(processes, small_fold(), config, folder)
        state = Checkpoints(folder / "checkpoints", {}).load()
        assert state is not None
        optimizer = state["optimizer"]
        steps = {float(of_one["step"]) for of_one in optimizer["state"].values()}
        rates = [group["lr"] for group in optimizer["param_groups"]]
        found[processes] = steps, rates, [row["learning_rate"] for row in state["progress"]["history"]]
    assert found[1] == found[2]
    assert found[1][0] == {3.0 * -(-28 // batch_size)}


def test_all_end_with_the_same_weights_and_statistics(tmp_path: Path) -> None:
    train_together(2, small_fold(), train_section(), tmp_path)
    for name in ("model.safetensors", "history.csv", "metrics.json"):
        assert (tmp_path / "process0" / name).read_bytes() == (tmp_path / "process1" / name).read_bytes()


def test_refuses_float16_without_a_gpu() -> None:
    with pytest.raises(Refusal, match="float16 needs a GPU"):
        start_accelerator("float16")


def test_running_out_of_memory_names_a_micro_batch() -> None:
    message = r"out of memory with 16 images per pass: CUDA.*Try `train.micro_batch_size: 8`"
    with pytest.raises(Refusal, match=message), memory_advice(16, 64):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
    with pytest.raises(Refusal, match="Use a smaller model or smaller images"), memory_advice(1, 64):
        raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(RuntimeError, match="shape"), memory_advice(16, 64):
        raise RuntimeError("shape mismatch")


FAULTS = """
import resource, sys, torch
from foldline.training.processes import keep_freed_memory
if sys.argv[1] == "kept":
    keep_freed_memory()
torch.set_num_threads(1)
faults = []
for step in range(21):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    torch.ones(2**24) + 1
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(sorted(faults)[10])
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries are left as they are")
def test_what_a_step_frees_is_there_for_the_next() -> None:
    """Two blocks of 64 MB each step: without it each of their pages is fetched anew. The median step counts: a heap in
    pieces may grow once more, and a kernel short of memory takes pages away."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    found = {
        how: int(
            subprocess.run([sys.executable, "-c", FAULTS, how], env=environment, capture_output=True, check=True).stdout
        )
        for how in ("kept", "given back")
    }
    assert found["kept"] < found["given back"] / 10
