"""The processes that train together, as Accelerate sees them, and their memory."""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, cast

import torch
from accelerate import Accelerator, DistributedDataParallelKwargs
from accelerate.utils import broadcast_object_list
from torch import Tensor, nn

from foldline.files.refusal import Refusal
from foldline.files.whole_files import numbers_folder
from foldline.params.section import Precision


@dataclass
class BufferSync(DistributedDataParallelKwargs):
    """Torch's new name for Accelerate's `broadcast_buffers`, which torch says is deprecated."""

    forward_sync_buffers: bool = True


KEPT_MEMORY = {-3: 2**30, -1: 2**31 - 1, -2: 2**26}
"""What glibc's mallopt is told, in bytes: up to which size a block is of the heap (M_MMAP_THRESHOLD), how much free
memory a heap keeps (M_TRIM_THRESHOLD), and by how much it grows (M_TOP_PAD)."""


OUT_OF_MEMORY = "can't allocate memory"
"""What torch says of the CPU's, in a RuntimeError."""
MIXED_PRECISION = {"float32": "no", "bfloat16": "bf16", "float16": "fp16"}


def start_accelerator(precision: Precision, cpu: bool = False) -> Accelerator:
    """For the processes that were launched, on GPUs where there are any, unless it is to be a CPU.

    Raises Refusal when a CPU is asked for float16.
    """
    for name in [name for name in os.environ if name.startswith("ACCELERATE_")]:
        del os.environ[name]  # Nothing but params.yaml says how to train.
    keep_freed_memory()
    on_cpu = cpu or not torch.cuda.is_available()
    if on_cpu and precision == "float16":
        raise Refusal("The precision float16 needs a GPU, and none is visible. Use float32 or bfloat16.")
    accelerator = Accelerator(cpu=on_cpu, mixed_precision=MIXED_PRECISION[precision])
    # Every epoch's end brings the statistics together from all processes, DDP would take the first one's.
    accelerator.ddp_handler = BufferSync(forward_sync_buffers=False)  # type: ignore[reportAttributeAccessIssue]
    launched = int(os.environ.get("WORLD_SIZE", "1"))
    assert accelerator.num_processes == launched, f"{launched} processes were launched, {accelerator.num_processes} met"
    return accelerator


def keep_freed_memory() -> None:
    """Whatever one step frees is there for the next. By default glibc gives large blocks back, and every step fetches
    them anew, page by page: a third of a small network's processor time. Other C libraries are left as they are."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        for option, size in KEPT_MEMORY.items():
            mallopt(option, size)


def over_processes(tensor: Tensor, how: Literal["sum", "mean"], accelerator: Accelerator) -> Tensor:
    """The sum or the mean of every process's tensor, in every process."""
    return cast(Tensor, accelerator.reduce(tensor, how))


@contextmanager
def memory_advice(micro_batch_size: int, batch_size: int) -> Iterator[None]:
    """Running out of memory becomes a Refusal that names a micro-batch to try."""
    try:
        yield
    except (torch.OutOfMemoryError, RuntimeError) as error:
        if not isinstance(error, torch.OutOfMemoryError) and OUT_OF_MEMORY not in str(error):
            raise
        smaller = min(micro_batch_size, batch_size) // 2
        cure = f"Try `train.micro_batch_size: {smaller}`" if smaller else "Use a smaller model or smaller images"
        raise Refusal(
            f"out of memory with {micro_batch_size} images per pass: {str(error).splitlines()[0]} {cure}; "
            "gradients and results stay the same but for BatchNorm's statistics."
        ) from None


Arrays = TypeVar("Arrays")


@contextmanager
def shared_folder(
    folder: Path, create: Callable[[Path], Arrays], read: Callable[[Path], Arrays], accelerator: Accelerator
) -> Iterator[Arrays]:
    """Yield arrays in files that all processes of this machine fill; the main one puts the folder in place.

    create, read: from an existing folder to what is to be filled, anew and as another process has created it.
    """
    if accelerator.is_main_process:
        with numbers_folder(folder) as partial:
            arrays = create(partial)
            broadcast_object_list([str(partial)])
            yield arrays
            accelerator.wait_for_everyone()
    else:
        (partial,) = broadcast_object_list([""])
        yield read(Path(partial))
        accelerator.wait_for_everyone()


def turn_channels_last(model: nn.Module) -> None:
    """Let its convolutions of images work pixel by pixel, all channels together: on CPUs up to twice as fast, and on
    GPUs in half precision. What it gives differs by rounding alone."""
    for weights in model.parameters():
        if weights.dim() == 4:  # Those of other convolutions know no such order.
            weights.data = weights.data.contiguous(memory_format=torch.channels_last)
