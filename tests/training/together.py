"""Several processes that train together, forked from the test: nothing is imported again."""

import multiprocessing
import os
import socket
from multiprocessing.process import BaseProcess
from pathlib import Path

from accelerate.state import AcceleratorState

from foldline.training.checkpoints import Checkpoints
from foldline.training.fold_training import train_fold, write_trained
from foldline.training.processes import start_accelerator
from foldline.training.train_section import Train
from foldline.training.training_setup import Fold


def process(rank: int, world: int, port: int, fold: Fold, config: Train, folder: Path) -> None:
    """What one of the launched processes does."""
    os.environ.update(RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(world))
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT=str(port))
    AcceleratorState._reset_state(reset_partial_state=True)
    accelerator = start_accelerator(config.precision)
    assert accelerator.num_processes == world
    checkpoints = Checkpoints(folder / "checkpoints", {}, config.soup.epochs_in(config.epochs))
    trained = train_fold(fold, config, checkpoints, accelerator)
    write_trained(folder / f"process{rank}", trained)
    accelerator.end_training()


def start_together(world: int, fold: Fold, config: Train, folder: Path) -> list[BaseProcess]:
    with socket.socket() as free:
        free.bind(("localhost", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("fork")
    children: list[BaseProcess] = [
        context.Process(target=process, args=(rank, world, port, fold, config, folder)) for rank in range(world)
    ]
    for child in children:
        child.start()
    return children


def train_together(world: int, fold: Fold, config: Train, folder: Path) -> None:
    children = start_together(world, fold, config, folder)
    for child in children:
        child.join()
    assert [child.exitcode for child in children] == [0] * world
