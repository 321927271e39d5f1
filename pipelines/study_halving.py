"""The cells of a study that successive halving rules out, and why.

A cell that is ruled out has a file that says so (ruled_out.json): a later run with halving leaves it out, too. Run
without, a study trains it on from where it was stopped.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from foldline.experiment.halving import Halving, worse_half
from foldline.fan_out.queue import Ended, Running
from foldline.files.refusal import counted
from foldline.files.whole_files import read_json, write_json
from foldline.training.history import read_history
from pipelines.study_cells import Training, Workspace

FIRST_EPOCHS, FIRST_FOLD = "first epochs", "first fold"


class RuledOut(NamedTuple):
    by: str
    """FIRST_EPOCHS or FIRST_FOLD."""
    why: str
    losses: Sequence[float]
    """The validation losses of the epochs up to the one that decides: how many follow before it is ended is chance."""
    epochs: int
    """That were asked for."""


def ruled_out(space: Workspace) -> RuledOut | None:
    path = _file(space)
    return RuledOut(**read_json(path)) if path.exists() else None


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
            found = ruled_out(training.workspace)
            if training.is_done:
                self.halving.verdict(training.cell.title, *measured(training))
            elif found is not None:
                self.halving.verdict(training.cell.title, found.losses, found.epochs)
            elif training in self.firsts:
                left.append(training)
        return left

    def stop(self, running: Running) -> str | None:
        """Why the queue is to end it now."""
        done = running.done
        return done and self._verdict(self._of(running), done.validation_losses, done.of)

    def judge(self, ended: Sequence[Ended]) -> None:
        """Some end before one looks."""
        for one in ended:
            if one.is_done:
                self._verdict(self._of(one), *measured(self._of(one)))

    def _of(self, item: Running | Ended) -> Training:
        return next(training for training in self.firsts if training.item.log == item.item.log)

    def _verdict(self, training: Training, losses: Sequence[float], epochs: int) -> str | None:
        verdict = self.halving.verdict(training.cell.title, losses, epochs)
        if verdict is None or training.cell.is_base:
            return None
        why, decisive = verdict
        _rule_out(training.workspace, RuledOut(FIRST_EPOCHS, why, losses[:decisive], epochs))
        return why


def rule_out_by_first_fold(firsts: Sequence[Training]) -> None:
    """The worse half of the cells whose first training is done, but never the base."""
    judged: dict[str, Training] = {}
    for training in firsts:
        found = ruled_out(training.workspace)
        if training.is_done and not training.cell.is_base and (found is None or found.by == FIRST_FOLD):
            judged[training.cell.title] = training
    worse = worse_half({title: validation_loss(training) for title, training in judged.items()})
    for title, training in judged.items():
        _file(training.workspace).unlink(missing_ok=True)
        if title in worse:
            _rule_out(training.workspace, RuledOut(FIRST_FOLD, worse[title], *measured(training)))
    if worse:
        print(f"{len(judged) - len(worse)} of {counted(len(judged), 'cell', 'cells')} go on to the other folds")


def validation_loss(training: Training) -> float:
    """Of the weights that are kept."""
    return read_json(training.folder / "metrics.json")["validation_loss"]


def measured(training: Training) -> tuple[Sequence[float], int]:
    """Of one that is done: the validation losses of its epochs, and their number."""
    losses = [float(loss) for loss in read_history(training.folder / "history.csv")["validation_loss"]]
    return losses, len(losses)


def _rule_out(space: Workspace, found: RuledOut) -> None:
    write_json(_file(space), found._asdict())


def _file(space: Workspace) -> Path:
    return space.folder / "ruled_out.json"
