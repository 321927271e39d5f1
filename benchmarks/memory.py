"""What a step keeps for its backward pass: with micro-batches of a quarter against the whole batch at once.

python -m benchmarks.memory
"""

from collections import Counter
from pathlib import Path

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from benchmarks.figures import Figure
from benchmarks.noise import noise_fold, section
from foldline.training.loop import train
from foldline.training.measuring import NonFiniteCheck
from foldline.training.processes import start_accelerator
from foldline.training.training_setup import build_training, training_batches

MODEL, PIXELS, BATCH_SIZE = "resnet18", 64, 32


def measure() -> list[Figure]:
    quarter, whole = (peak_bytes(size) for size in (BATCH_SIZE // 4, BATCH_SIZE))
    how = (
        f"{MODEL}, {PIXELS} pixels, a step of {BATCH_SIZE} in the loop; bytes of all that autograd saves, weights apart"
    )
    return [Figure("activations with a quarter as micro-batch / whole batch", quarter / whole, 0.5, False, "", how)]


class SavedBytes:
    """Counts what autograd keeps alive at a time: every storage once, however many operations saved it."""

    def __init__(self) -> None:
        self.now = self.peak = 0
        self._users: Counter[int] = Counter()

    def enter(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self._users[storage.data_ptr()] += 1
        if self._users[storage.data_ptr()] == 1:
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)

    def leave(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        self._users[storage.data_ptr()] -= 1
        if not self._users[storage.data_ptr()]:
            self.now -= storage.nbytes()


class Saved:
    """A tensor that autograd keeps, until it lets go of this."""

    def __init__(self, tensor: Tensor, counted: SavedBytes) -> None:
        self.tensor = tensor
        self._counted = counted
        counted.enter(tensor)

    def __del__(self) -> None:
        self._counted.leave(self.tensor)


def peak_bytes(micro_batch_size: int) -> int:
    """Over an epoch of one step, by the loop itself."""
    fold, config = noise_fold(BATCH_SIZE, PIXELS), section(MODEL, BATCH_SIZE, micro_batch_size=micro_batch_size)
    accelerator, counted = start_accelerator("float32"), SavedBytes()
    batches = training_batches(fold, config, accelerator)
    setup = build_training(fold, config, len(batches), accelerator.device)
    check = NonFiniteCheck(fold.training.row_ids, len(batches), Path("no checkpoint"))

    def keep(tensor: Tensor) -> Tensor | Saved:
        return tensor if isinstance(tensor, torch.nn.Parameter) else Saved(tensor, counted)

    def give_back(kept: Tensor | Saved) -> Tensor:
        return kept.tensor if isinstance(kept, Saved) else kept

    with saved_tensors_hooks(keep, give_back):
        next(train(setup, batches, lambda model: (0.0, 0.0), check, None, accelerator))
    return counted.peak


if __name__ == "__main__":
    for figure in measure():
        print(figure.line)
