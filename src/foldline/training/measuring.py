"""Mean loss and accuracy over many batches and processes, and the check for a loss that is not a number."""

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.utils.data import DataLoader

from foldline.files.refusal import Refusal, listed
from foldline.pixels.loaders import Pixels, evaluation_loader
from foldline.training.batches import Batch, posed
from foldline.training.fold_samples import Samples
from foldline.training.objectives import Objective
from foldline.training.pretext_kind import LearnedPretext
from foldline.training.processes import over_processes
from foldline.training.train_section import Train

LOWER = (
    "Lower train.learning_rates, clip the gradients (train.clipping), or train with bfloat16 or float32 instead of "
    "float16."
)


class RunningSums:
    """Sums over images, kept on the device: asking for a value at every step would make the device wait."""

    def __init__(self, accelerator: Accelerator) -> None:
        self._accelerator = accelerator
        self._sums = torch.zeros(3, dtype=torch.float64, device=accelerator.device)

    def add(self, losses: Float[Tensor, " batch"], correct: Float[Tensor, " batch"]) -> None:
        """`correct`: 1 for a right answer, 0 for a wrong one."""
        self._sums[0] += losses.detach().sum()
        self._sums[1] += correct.sum()
        self._sums[2] += len(correct)

    def means(self, images: int) -> tuple[float, float]:
        """Loss and accuracy over all processes, which together must have added each of `images` once."""
        loss, correct, count = over_processes(self._sums, "sum", self._accelerator).tolist()
        assert count == images, f"{count:.0f} images were measured, there are {images}"
        return loss / count, correct / count


def validation(
    pixels: Pixels,
    samples: Samples,
    objective: Objective,
    config: Train,
    accelerator: Accelerator,
    task: LearnedPretext | None = None,
) -> Callable[[nn.Module], tuple[float, float]]:
    """From a model to its loss and accuracy on the validation samples, of which each process sees its part once.

    NaN where there are none. Raises Refusal where the loss is not a finite number.
    """
    if not len(samples):
        return lambda model: (math.nan, math.nan)
    mine = samples.at(np.array_split(np.arange(len(samples)), accelerator.num_processes)[accelerator.process_index])
    copies = 1 if task is None else task.copies
    loader = evaluation_loader(pixels, mine.cache_indices, max(config.micro_batch_size // copies, 1), config.workers)

    def validate(model: nn.Module) -> tuple[float, float]:
        model.eval()
        sums, seen = RunningSums(accelerator), []
        for batch in evaluation_batches(loader, mine, objective, accelerator.device):
            measured = measure(model, posed(batch, task), objective, accelerator)
            sums.add(*measured)
            seen.append(measured[0])
        loss, accuracy = sums.means(len(samples) * copies)
        if not math.isfinite(loss):
            wrong = np.flatnonzero(~torch.cat(seen).isfinite().cpu().numpy()) if seen else []
            rows = listed(dict.fromkeys(mine.row_ids[image // copies] for image in wrong), 40)
            raise Refusal(f"the validation loss is not a number, for the rows {rows}. {LOWER}")
        return loss, accuracy

    return validate


def evaluation_batches(
    loader: DataLoader, samples: Samples, objective: Objective, device: torch.device
) -> Iterator[Batch]:
    """What `loader` yields of the samples' images, with what goes with them."""
    for images, index in loader:
        targets, weights, tabular = samples.told(index, device)
        soft_targets = objective.soft_targets(targets)
        yield Batch(images.to(device, non_blocking=True), soft_targets, weights, index, len(index), tabular)


@torch.no_grad()
def measure(
    model: nn.Module, batch: Batch, objective: Objective, accelerator: Accelerator
) -> tuple[Float[Tensor, " batch"], Float[Tensor, " batch"]]:
    """Each image's loss, and whether it is right."""
    with accelerator.autocast():
        logits = model(batch.images, *batch.tabular).float()
    return objective.loss(logits, batch.targets), objective.correct(logits, batch.targets)


def refuse_lost_weights(model: nn.Module, epoch: int) -> None:
    """Raises Refusal where a step has made weights or statistics that are not finite: the last one's show in no loss.

    epoch: from 1.
    """
    statistics = ((name, buffer) for name, buffer in model.named_buffers() if "running_" in name)
    for name, tensor in chain(model.named_parameters(), statistics):
        if not tensor.isfinite().all():
            raise Refusal(
                f"after epoch {epoch} the model's `{name}` is not finite, although the loss was: gradients were not. "
                f"{LOWER}"
            )


class NonFiniteCheck:
    """Ends a run whose loss is no longer a finite number.

    It looks at the losses of one pass during the next, when the device has them ready: asking at once would make the
    device wait at every step.
    """

    def __init__(self, row_ids: Sequence[str], steps_per_epoch: int, checkpoint: Path, earlier: int = 0) -> None:
        """`row_ids`: of the fold's training images. `checkpoint`: where the last epoch's state lies, if any. `earlier`:
        epochs of earlier phases."""
        self._row_ids = row_ids
        self._steps_per_epoch = steps_per_epoch
        self._checkpoint = checkpoint
        self._earlier = earlier
        self._waiting: Callable[[], None] | None = None

    def watch(self, step: int, losses: Float[Tensor, " batch"], index: Int64[Tensor, " batch"]) -> None:
        """Raises what `look` raises, of the losses watched before."""
        copied = losses.detach().to("cpu", non_blocking=True)
        ready = torch.cuda.Event() if losses.is_cuda else None
        if ready is not None:
            ready.record()
        self.look()

        def judge() -> None:
            if ready is not None:
                ready.synchronize()
            if not copied.isfinite().all():
                raise self._refusal(step, copied, index)

        self._waiting = judge

    def look(self) -> None:
        """Raises Refusal with the step and its rows."""
        if self._waiting is not None:
            self._waiting()
            self._waiting = None

    def _refusal(self, step: int, losses: Tensor, index: Tensor) -> Refusal:
        rows = dict.fromkeys(self._row_ids[image] for image in index[~losses.isfinite()].tolist())
        epoch = self._earlier + step // self._steps_per_epoch
        left = f"The last good checkpoint, of epoch {epoch}, is {self._checkpoint}." if epoch else ""
        return Refusal(
            f"the training loss is not a number at step {step + 1} (epoch {epoch + 1}), for the rows "
            f"{listed(rows, 40)}. {LOWER} {left}".rstrip()
        )
