"""fastai's `fine_tune` as its documentation shows it, in the rivals' environment.

Its default: a new head (two layers), trained alone for an epoch; then all for --epochs, one cycle, rates from 0.001
(head) down to a hundredth of it (lower layers), batches of 64, `aug_transforms`. --find-rate asks `lr_find` (valley).
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from fastai.vision.all import (  # pyright: ignore[reportMissingImports]
    Callback,
    CancelValidException,
    CategoryBlock,
    DataBlock,
    GrandparentSplitter,
    ImageBlock,
    Learner,
    aug_transforms,
    get_image_files,
    parent_label,
    set_seed,
    vision_learner,
)
from turns import Turns, leave, parser


class InTurns(Callback):
    """Measures each epoch's training; nothing is validated while it trains."""

    def __init__(self) -> None:
        self.turns = Turns()

    def before_train(self) -> None:
        self.turns.begin()

    def after_train(self) -> None:
        self.turns.end(len(self.dls.train) * self.dls.train.bs)

    def before_validate(self) -> None:
        raise CancelValidException


def main() -> None:
    script = parser(__doc__)
    script.add_argument("--pictures", type=Path, required=True)
    script.add_argument("--weights", type=Path, required=True)
    script.add_argument("--model", required=True)
    script.add_argument("--find-rate", action="store_true")
    given = script.parse_args()
    set_seed(given.seed, reproducible=True)
    with TemporaryDirectory() as scratch:
        learner = learner_of(given.pictures, given.weights, given.model, Path(scratch))
        found = {}
        if given.find_rate:
            turns = Turns()
            turns.begin()
            found = {"base_lr": learner.lr_find(show_plot=False).valley}
            turns.end(0)
            print("lr_find:", found)
        learner.add_cb(InTurns())
        learner.fine_tune(given.epochs, **found)
        learner.remove_cb(InTurns)
        if given.predictions:
            leave(given.predictions, **predictions(learner))


def learner_of(pictures: Path, weights: Path, model: str, scratch: Path) -> Learner:
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda folder: sorted(get_image_files(folder), key=lambda file: file.name),
        get_y=parent_label,
        splitter=GrandparentSplitter("train", "held_back"),
        batch_tfms=aug_transforms(),
    )
    loaders = block.dataloaders(pictures, bs=64, num_workers=0)
    # What timm is told instead of downloading: fastai then normalises and freezes as it does for the hub's weights.
    learner = vision_learner(loaders, model, pretrained_cfg_overlay={"file": str(weights)}, path=scratch)
    learner.remove_cb(learner.progress)
    learner.logger = lambda values: None
    return learner


def predictions(learner: Learner) -> dict:
    """Of the rows in the order of their names: as they are, mirrored, and as `tta` makes them by default."""
    batches = learner.dls.valid
    learner.model.eval()
    plain, flipped = [], []
    with torch.no_grad():
        for images, _ in batches:
            plain.append(learner.model(images).double().softmax(1))
            flipped.append(learner.model(images.flip(-1)).double().softmax(1))
    tta, _ = learner.tta(dl=batches)
    return {
        "plain": torch.cat(plain).numpy(),
        "flipped": torch.cat(flipped).numpy(),
        "tta": tta.double().numpy(),
    }


if __name__ == "__main__":
    main()
