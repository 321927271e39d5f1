"""What a model makes of every row under every view, in any number of processes."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import torch
from accelerate import Accelerator
from jaxtyping import Float, Float32, Int64, Shaped
from torch import Tensor, nn

from foldline.files.arrays import put
from foldline.files.progress import progress
from foldline.files.refusal import Refusal, listed
from foldline.predicting.predicted_rows import Aggregate, OpenRows, RowImages
from foldline.training.processes import turn_channels_last

View = Callable[[Tensor], Tensor]
Passes = Sequence[tuple[nn.Module, View]]
"""The models, and what each sees of an image: one of them for each of the predictions' views."""
Batches = Iterable[tuple[Shaped[Tensor, "batch channels height width"], Int64[Tensor, " batch"]]]
"""Images, and which of the positions asked for they are at."""
Load = Callable[[Int64[np.ndarray, " images"]], Batches]


def predict(
    passes: Passes,
    load: Load,
    images: RowImages,
    accelerator: Accelerator,
    logits: Float32[np.ndarray, "rows views outputs"],
    aggregate: Aggregate,
    what: str,
) -> None:
    """Write this process's part of the rows into `logits`."""
    for rows, outputs in row_outputs(passes, load, images, accelerator, aggregate, what):
        put(logits, rows, outputs)


def row_outputs(
    passes: Passes,
    load: Load,
    images: RowImages,
    accelerator: Accelerator,
    aggregate: Aggregate,
    what: str,
) -> Iterator[tuple[Int64[np.ndarray, " some"], Float32[np.ndarray, "some views outputs"]]]:
    """This process's part of the rows, and for each the mean, or the highest, of what the models make of its images.

    `load`: from indices into the pixel cache to batches of what lies there. The forward pass is in the accelerator's
    precision, outputs are float32. Rows are split without padding: each belongs to one process, whatever their number.
    `what` names the rows.
    """
    mine = images.part(accelerator.process_index, accelerator.num_processes)
    seen = np.zeros(len(mine.rows), np.int64)
    open_rows = OpenRows(mine, aggregate)
    for model in dict.fromkeys(model for model, _ in passes):
        turn_channels_last(model.to(accelerator.device).eval())
    hidden = None if accelerator.is_main_process else True
    bar = progress(total=len(mine.rows), desc=f"predict {what}", unit="image", disable=hidden)
    for batch, index in load(mine.cache_indices):
        on_device, rows = batch.to(accelerator.device, non_blocking=True), mine.rows[index.numpy()]
        tabular = [torch.from_numpy(values[rows]).to(accelerator.device) for values in mine.tabular]
        with torch.inference_mode(), accelerator.autocast():
            outputs = torch.stack([model(view(on_device), *tabular).float() for model, view in passes], dim=1)
        _require_finite(outputs, rows, what)
        yield open_rows.add(rows, outputs.cpu().numpy())
        np.add.at(seen, index.numpy(), 1)
        bar.update(len(index))
    bar.close()
    _require_each_once(seen, images, accelerator)


def _require_finite(
    outputs: Float[Tensor, "batch views outputs"], rows: Int64[np.ndarray, " batch"], what: str
) -> None:
    wrong = rows[~outputs.isfinite().flatten(1).all(dim=1).cpu().numpy()]
    if len(wrong):
        raise Refusal(
            f"the model gives numbers that are not finite for {what}, in rows {listed(wrong, 10)} (from 0). Set "
            "predict.precision to float32 if it is another; else train again with lower train.learning_rates."
        )


def _require_each_once(seen: Int64[np.ndarray, " images"], images: RowImages, accelerator: Accelerator) -> None:
    """A wrong count is a mistake of ours, not of the person's."""
    if not (seen == 1).all():
        raise RuntimeError(f"the loader gave {int((seen != 1).sum())} of {len(seen)} images more or less than once")
    counts = accelerator.gather(torch.tensor([len(seen)], device=accelerator.device))
    together = int(counts.sum())  # type: ignore[union-attr]
    if together != len(images.rows):
        raise RuntimeError(f"all processes together predicted {together} of {len(images.rows)} images")
