"""The trajectory of a pretext: a history, and a model per probed epoch."""

import shutil
from pathlib import Path

import pandas as pd
from accelerate import Accelerator

from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold
from foldline.training.history import write_history
from foldline.training.named_errors import naming_the_section
from foldline.training.networks import Model
from foldline.training.training_setup import Fold


def learn_pretext(fold: Fold, model: Model, checkpoints: Checkpoints, accelerator: Accelerator) -> pd.DataFrame:
    """Every process calls it: the history. The models of probed epochs lie beside the checkpoints, in every process.

    Raises Refusal as `train_fold` does.
    """
    assert fold.task is not None
    with naming_the_section():
        trained = train_fold(fold, fold.task.training(model), checkpoints, accelerator)
    return pd.DataFrame(trained.history)


def write_trajectory(folder: Path, history: pd.DataFrame, checkpoints: Checkpoints) -> None:
    """`history.csv` and `epoch<n>.safetensors` of each probed epoch, 0 for the first weights."""
    write_history(folder / "history.csv", history)
    for model in checkpoints.models.values():
        shutil.copyfile(model, folder / model.name)
