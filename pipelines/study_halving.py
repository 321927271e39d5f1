"""The cells of a study that successive halving rules out, and why.

A cell that is ruled out has a file that says so (ruled_out-fold0-seed0.json, by its first fold and seed): a later run
with halving leaves it out, too. Run without, a study takes the file away, and trains the cell on from where it was
stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from foldline.experiment.halving import Halving, worse_half
from foldline.experiment.study_cells import Training
from foldline.fan_out.queue import Running
from foldline.files.refusal import counted
from foldline.files.whole_files import read_json, write_json
from foldline.training.history import read_history

FIRST_EPOCHS, FIRST_FOLD = "first epochs", "first fold"


class RuledOut(NamedTuple):
    by: str
    """FIRST_EPOCHS or FIRST_FOLD."""
    why: str
    losses: Sequence[float]
    """The validation losses of the epochs up to the one that decides: how many follow before it is ended is chance."""
    epochs: int
    """That were asked for."""


def ruled_out(training: Training) -> RuledOut | None:
    """Its cell is. A cell that became the base since is not: the base is trained whole."""
    path = _file(training)
    return RuledOut(**read_json(path)) if path.exists() and not training.cell.is_base else None


def counts(training: Training) -> bool:
    """Whether it is done. One that its first epochs rule out may have come to its end before it could be ended."""
    found = ruled_out(training)
    return training.is_done and (found is None or found.by == FIRST_FOLD)


def take_back(training: Training) -> None:
    """Its cell is to be trained, whatever ruled it out."""
    _file(training).unlink(missing_ok=True)


@dataclass(frozen=True)
class EpochRule:
    """Judges trainings of one fold and seed, one of each cell, by their first epochs."""

    firsts: Sequence[Training]
    earlier: Sequence[Training]
    """They are compared with, and not trained."""
    halving: Halving = field(default_factory=Halving)

    def waiting(self) -> list[Training]:
        """Those to train; what an earlier run knows of the others is what they are compared with."""
        left = []
        for training in (*self.earlier, *self.firsts):
            found = ruled_out(training)
            if counts(training):
                self.halving.verdict(training.cell.title, *measured(training))
            elif found is not None:
                self.halving.verdict(training.cell.title, found.losses, found.epochs)
            elif training in self.firsts:
                left.append(training)
        return left

    def stop(self, running: Running) -> str | None:
        """Why the queue is to end it now, or would have, had it looked in time."""
        training, done = self._of(running), running.done
        if training.is_done:
            return self._verdict(training, *measured(training))
        return done and self._verdict(training, done.validation_losses, done.of)

    def _of(self, item: Running) -> Training:
        return next(training for training in self.firsts if training.item.log == item.item.log)

    def _verdict(self, training: Training, losses: Sequence[float], epochs: int) -> str | None:
        verdict = self.halving.verdict(training.cell.title, losses, epochs)
        if verdict is None or training.cell.is_base:
            return None
        why, decisive = verdict
        _rule_out(training, RuledOut(FIRST_EPOCHS, why, losses[:decisive], epochs))
        return why


def rule_out_by_first_fold(firsts: Sequence[Training]) -> None:
    """The worse half of the cells whose first training is done, but never the base."""
    judged: dict[str, Training] = {}
    for training in firsts:
        if counts(training) and not training.cell.is_base:
            judged[training.cell.title] = training
    worse = worse_half({title: validation_loss(training) for title, training in judged.items()})
    for title, training in judged.items():
        take_back(training)
        if title in worse:
            _rule_out(training, RuledOut(FIRST_FOLD, worse[title], *measured(training)))
    if worse:
        print(f"{len(judged) - len(worse)} of {counted(len(judged), 'cell', 'cells')} go on to the other folds")


def validation_loss(training: Training) -> float:
    """Of the weights that are kept."""
    return read_json(training.folder / "metrics.json")["validation_loss"]


def measured(training: Training) -> tuple[Sequence[float], int]:
    """Of one that is done: the validation losses of its epochs, and their number."""
    losses = [float(loss) for loss in read_history(training.folder / "history.csv")["validation_loss"]]
    return losses, len(losses)


def _rule_out(training: Training, found: RuledOut) -> None:
    write_json(_file(training), found._asdict())


def _file(training: Training) -> Path:
    """Cells that differ in their seeds share a folder."""
    params = training.cell.params
    return training.workspace.folder / f"ruled_out-fold{params['folds'][0]}-seed{params['train']['seeds'][0]}.json"
