"""Checkpoints of an unfinished training: all that one must bring back, kept outside of every out, and found again by
what it was trained with."""

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from foldline.files.hashes import is_intact, is_sealed
from foldline.files.places import FoldName, Places, of_model
from foldline.files.refusal import Refusal
from foldline.files.whole_files import numbers_file, read_json, sha256, sha256_of_json, write_json
from foldline.params.yaml_files import nested_values
from foldline.training.history import COLUMNS
from foldline.training.launching import leave_words
from foldline.training.train_section import Train

EpochRow = dict[str, int | float]
"""Of the history: an epoch, under the columns of foldline.training.history."""


@dataclass
class Progress:
    """After the last whole epoch. There is no random state in it: every epoch begins with a seed of its own."""

    history: list[EpochRow] = field(default_factory=list)
    """A row per epoch done."""
    best_weights: dict[str, Tensor] | None = None
    """Those of the epoch with the lowest validation loss, when they are wanted."""
    earlier: int = 0
    """How many epochs of the history are of earlier phases."""

    @property
    def epoch(self) -> int:
        """Epochs done in this phase."""
        return len(self.history) - self.earlier

    @property
    def number(self) -> int:
        """The next epoch's, from 1, over all phases."""
        return len(self.history) + 1

    def finish_epoch(
        self, learning_rate: float, training: tuple[float, float], validation: tuple[float, float]
    ) -> bool:
        """Records loss and accuracy of both; whether this epoch's validation loss is the phase's lowest so far."""
        row = (self.number, learning_rate, *training, *validation)
        self.history.append(dict(zip(COLUMNS, row, strict=True)))
        return all(validation[0] < before["validation_loss"] for before in self.history[self.earlier : -1])

    def keep(self, model: nn.Module) -> None:
        self.best_weights = {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def checkpoint_state(progress: Progress, stateful: Mapping[str, Any]) -> dict[str, Any]:
    """Tensors, numbers, lists and dicts only, so that it can be loaded without running code.

    `stateful`: by name, what has a `state_dict`, or None.
    """
    states = {name: part.state_dict() for name, part in stateful.items() if part is not None}
    return {"progress": dict(vars(progress)), **states}


def restore(state: Mapping[str, Any], stateful: Mapping[str, Any]) -> Progress:
    """Put what `checkpoint_state` returned back where it came from."""
    for name, part in stateful.items():
        if part is not None:
            part.load_state_dict(state[name])
    return Progress(**state["progress"])


VARIABLE = "FOLDLINE_CHECKPOINTS"
LIBRARIES = ("torch", "timm", "albumentations", "accelerate")
ORPHANS_END_SECONDS = 10.0
"""Loader processes of a killed run notice within 5 seconds, and hold its lock until then."""


def checkpoints_folder(places: Places, fold: FoldName, seed: int) -> Path:
    """Below $FOLDLINE_CHECKPOINTS where it is set (`dvc exp run --temp` deletes its whole tree)."""
    elsewhere = os.environ.get(VARIABLE)
    return (Path(elsewhere) / places.slug if elsewhere else places.checkpoints) / of_model(fold, seed)


def key_inputs(
    train: Train, seed: int, symmetries: Sequence[str], upstream: Sequence[Path], code: str
) -> dict[str, Any]:
    """Everything that one training depends on: parameters, facts, our code, the libraries, the files it reads.

    Which other seeds there are is nothing to it. code: the digest of what the training's code means
    (params/code_digests.py).
    """
    return {
        "train": train.model_dump(mode="json", exclude={"seeds"}),
        "seed": seed,
        "symmetries": list(symmetries),
        "code": code,
        "libraries": {library: version(library) for library in LIBRARIES},
        "files": {path.name: sha256(path) for path in upstream},
    }


class Checkpoints:
    """The latest state of one training. Its folder's name is the key: a hash of `inputs`."""

    def __init__(self, folder: Path, inputs: Mapping[str, Any], models: Collection[int] = ()) -> None:
        """`folder`: of one fold and seed, shared by all keys. `inputs`: all that their training depends on, as JSON.
        `models`: the epochs (0: before the first) whose model is kept, too, until `clear`."""
        self._all = folder
        self._inputs = dict(inputs)
        self._mine = folder / sha256_of_json(self._inputs)[:16]
        self.models = {epoch: self._mine / f"epoch{epoch}.safetensors" for epoch in models}
        self._resumes: tuple[str, ...] = ()
        """After which epoch the next run does: that of the state that was saved or loaded last."""
        self.damaged: list[Path] = []
        """States that `load` found there and could not take."""

    @property
    def key(self) -> str:
        return self._mine.name

    @property
    def path(self) -> Path:
        return self._mine / "state.pt"

    @property
    def before(self) -> Path:
        """The state before the latest, for when that is damaged."""
        return self._mine / "before.pt"

    def save(self, state: Mapping[str, Any]) -> None:
        """Keep this state and the one before; the first one of a key makes other keys' abandoned."""
        if not (self._mine / "inputs.json").exists():
            write_json(self._mine / "inputs.json", self._inputs)
        # Before the new one is written, so that there are never three.
        if self.path.exists() and self.path not in self.damaged:
            self.path.replace(self.before)
        # Given a path, torch hides a full disk behind an error of its own; Python's write names it.
        with numbers_file(self.path) as partial, partial.open("wb") as file:
            torch.save(dict(state), file)
        self.damaged.clear()
        self._note_epochs(state)
        for other in self._others():
            shutil.rmtree(other)

    def keep_model(self, epoch: int, save: Callable[[Path], None]) -> None:
        """Where this epoch's is wanted; before the epoch's state, so that no state lacks a model."""
        if epoch in self.models:
            save(self.models[epoch])

    def load(self) -> dict[str, Any] | None:
        """The latest state that is as it was written, on the CPU, or None to start afresh."""
        for path in filter(Path.exists, (self.path, self.before)):
            if not (is_sealed(path) and is_intact(path)):
                self.damaged.append(path)
                continue
            state = torch.load(path, map_location="cpu", weights_only=True)
            lost = self._lost_models(len(state["progress"]["history"]))
            if not lost:
                self._note_epochs(state)
                return state
            self.damaged += (model for model in lost if model not in self.damaged)  # Their epochs are trained again.
        return None

    def _lost_models(self, done: int) -> list[Path]:
        """Of so many epochs."""
        kept = (path for epoch, path in self.models.items() if epoch <= done)
        return [path for path in kept if not (path.is_file() and is_intact(path))]

    def _note_epochs(self, state: Mapping[str, Any]) -> None:
        self._resumes = (f"after epoch {len(state['progress']['history'])}",)
        leave_words(*self._resumes)

    def differences(self) -> list[str]:
        """How the inputs differ from those of another key's checkpoints, or nothing where there are none."""
        for other in self._others():
            with suppress(Refusal):  # Of what is damaged, nothing can be said, and nothing need be.
                return differing(read_json(other / "inputs.json"), self._inputs)
        return []

    def clear(self) -> None:
        """Training is done and its outs are written."""
        shutil.rmtree(self._all, ignore_errors=True)

    @contextmanager
    def alone(self, is_main_process: bool = True, patience_seconds: float = ORPHANS_END_SECONDS) -> Iterator[None]:
        """Hold the lock of this training, in the first process of a run. Raises Refusal when another run is at it.

        An interrupt inside says after which epoch the next run goes on. A killed `dvc` leaves its training running.
        """
        if not is_main_process:
            yield
            return
        holder = self._all.with_name(f"{self._all.name}.pid")
        holder.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(holder.with_suffix(".lock"))
        try:
            lock.acquire(timeout=patience_seconds)
        except Timeout:
            process = holder.read_text(encoding="utf-8") if holder.exists() else "?"
            raise Refusal(
                f"{'/'.join(self._all.parts[-2:])} is being trained already, by process {process}. Wait until that "
                f"ends, or end it (`kill {process}`) and run this again: it resumes from the last checkpoint."
            ) from None
        try:
            holder.write_text(str(os.getpid()), encoding="utf-8")
            yield
        except KeyboardInterrupt:
            raise KeyboardInterrupt(*self._resumes) from None
        finally:
            lock.release()

    def _others(self) -> Iterator[Path]:
        for inputs in sorted(self._all.glob("*/inputs.json")):
            if inputs.parent != self._mine:
                yield inputs.parent


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """`train.epochs: 3, was 2` for every value that differs."""
    was, present = dict(nested_values(before)), dict(nested_values(now))
    both = ((path, present.get(path, "absent"), was.get(path, "absent")) for path in {**was, **present})
    return [f"{path}: {value}, was {earlier}" for path, value, earlier in both if value != earlier]
