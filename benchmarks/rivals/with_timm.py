"""The loop of timm's train.py, in the rivals' environment.

timm's package has no train.py: this is the training epoch, for one device in float32, of an older version of that file,
with the same factories (dataset, loader, optimiser, schedule, loss) and defaults: SGD at 0.1 x batch / 256, momentum
0.9, weight decay 2e-5, cosine, smoothing 0.1, crops of 8 % and more, flips, colour jitter 0.4. Other than by default:
batches of 64, no loader processes, no warm-up epochs (5, which is more than most trainings here have), a rate for each
step (--sched-on-updates), and whole images when predicting (--crop-pct 1).
"""

# pyright: reportPrivateImportUsage=false, reportAttributeAccessIssue=false, reportArgumentType=false

from pathlib import Path
from types import SimpleNamespace

import torch
from timm.data import create_dataset, create_loader, resolve_data_config
from timm.loss import LabelSmoothingCrossEntropy
from timm.models import create_model
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2
from timm.utils import AverageMeter, random_seed
from torch import Tensor, nn
from turns import Turns, leave, parser  # pyright: ignore[reportMissingImports]

BATCH_SIZE = 64
RATE = 0.1 * BATCH_SIZE / 256


def main() -> None:
    script = parser(__doc__)
    script.add_argument("--pictures", type=Path, required=True)
    script.add_argument("--weights", type=Path, required=True)
    script.add_argument("--model", required=True)
    script.add_argument("--channels-last", action="store_true")
    given = script.parse_args()
    random_seed(given.seed, 0)
    order = torch.channels_last if given.channels_last else torch.contiguous_format
    overlay = {"file": str(given.weights)}
    classes, pixels = shape_of(given.pictures)
    model = create_model(given.model, pretrained=True, pretrained_cfg_overlay=overlay, num_classes=classes)
    model.to(memory_format=order)
    config = resolve_data_config({"input_size": (3, pixels, pixels), "crop_pct": 1.0}, model=model)
    loader, held_back = (loader_of(given.pictures, part, config) for part in ("train", "held_back"))
    optimizer = create_optimizer_v2(model, opt="sgd", lr=RATE, weight_decay=2e-5, momentum=0.9)
    updates = {"updates_per_epoch": len(loader), "step_on_epochs": False}
    schedule, _ = create_scheduler_v2(optimizer, sched="cosine", num_epochs=given.epochs, warmup_epochs=0, **updates)
    training = SimpleNamespace(model=model, loader=loader, optimizer=optimizer, schedule=schedule, order=order)
    turns = Turns()
    for epoch in range(given.epochs):
        turns.of(len(loader) * BATCH_SIZE, lambda epoch=epoch: train_one_epoch(epoch, training))
    if given.predictions:
        leave(given.predictions, **predictions(model, held_back, order))


def shape_of(pictures: Path) -> tuple[int, int]:
    """Classes, and pixels on a side."""
    dataset = create_dataset("", root=str(pictures), split="train")
    return len(dataset.reader.class_to_idx), dataset[0][0].size[0]


def loader_of(pictures: Path, part: str, config: dict):
    learns = part == "train"
    names = ("input_size", "mean", "std", "crop_pct")
    return create_loader(
        create_dataset("", root=str(pictures), split=part, is_training=learns),
        batch_size=BATCH_SIZE,
        is_training=learns,
        num_workers=0,
        device=torch.device("cpu"),
        interpolation="random" if learns else config["interpolation"],
        color_jitter=0.4,
        **{name: config[name] for name in names},
    )


def train_one_epoch(epoch: int, training: SimpleNamespace) -> None:
    training.model.train()
    loss_fn, mean = LabelSmoothingCrossEntropy(0.1), AverageMeter()
    training.optimizer.zero_grad()
    for step, (images, targets) in enumerate(training.loader):
        images = images.contiguous(memory_format=training.order)
        loss = loss_fn(training.model(images), targets)
        loss.backward()
        training.optimizer.step()
        mean.update(loss.item(), images.size(0))
        training.optimizer.zero_grad()
        training.schedule.step_update(epoch * len(training.loader) + step + 1, metric=mean.avg)


def predictions(model: nn.Module, loader, order: torch.memory_format) -> dict:
    """Of the rows in the order of their names."""
    model.eval()
    names = [Path(name).stem for name in loader.dataset.filenames(basename=True)]
    rows = torch.tensor([int(name) for name in names]).argsort()
    with torch.no_grad():
        batches = [images.contiguous(memory_format=order) for images, _ in loader]

        def probabilities(flip: bool) -> Tensor:
            logits = [model(images.flip(-1) if flip else images) for images in batches]
            return torch.cat(logits).double().softmax(1)[rows]

        return {"plain": probabilities(False).numpy(), "flipped": probabilities(True).numpy()}


if __name__ == "__main__":
    main()
