"""A study's cells on the queue: all of a grid, or those that a search asks for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import mean

from foldline.card.card import Card
from foldline.experiment.search import Search
from foldline.experiment.study import Cell
from foldline.experiment.study_cells import StudyFolder, Training, refuse_invalid, refuse_other_losses
from foldline.fan_out.display import Display
from foldline.fan_out.queue import Ended, Environment, Item, Process, Running, run_queue
from foldline.files.refusal import Refusal, counted
from pipelines.study_halving import EpochRule, counts, rule_out_by_first_fold, ruled_out, take_back, validation_loss


@dataclass(frozen=True)
class Queue:
    """Where the cells of a study are trained."""

    study: StudyFolder
    slots: Sequence[Environment]
    start: Callable[[Item, Environment], Process]
    halving: bool
    """Whether cells are ruled out early."""

    def train(self, cells: Sequence[Cell], before: Sequence[Cell] = ()) -> list[Ended]:
        """All that is not done; how each ended. Raises Refusal when a stage before the training fails.

        before: cells that were trained earlier; halving compares with them, too.
        """
        for stage, items in self.study.before(cells):
            failed = [one for one in self._run(items) if one.has_failed]
            if failed:
                raise Refusal(
                    f"the stage `{stage}` failed for {counted(len(failed), 'cell', 'cells')}, so none of them was "
                    "trained. What it said is above. Correct these values, or leave them out."
                )
        trainings = self.study.trainings(cells)
        self.study.fill(trainings)
        if not self.halving:
            for training in trainings:
                take_back(training)
        done = sum(training.is_done for training in trainings)
        print(f"{counted(len(cells), 'cell', 'cells')}: {done} of {len(trainings)} trainings are done")
        if not self.halving:
            return self._run([training.item for training in trainings if not training.is_done])
        firsts, earlier = _firsts(trainings), _firsts(self.study.trainings(before))
        rule = EpochRule(firsts, earlier)
        ended = self._run([training.item for training in rule.waiting()], rule.stop)
        others = [one for one in trainings if one not in firsts and not one.is_done]
        if others:
            rule_out_by_first_fold([*earlier, *firsts])
        return ended + self._run([one.item for one in others if ruled_out(one) is None])

    def draw(self, trainings: Sequence[Training]) -> None:
        """The t-SNE of each model's out-of-fold rows. Where one fails, the page is without it, and its log is told."""
        self._run([training.workspace.item(*_drawing(training)) for training in trainings])

    def _run(self, items: Sequence[Item], stop: Callable[[Running], str | None] = lambda _: None) -> list[Ended]:
        # A search may draw a cell under two names.
        items = list({item.log: item for item in items}.values())
        with Display(len(items), len(self.slots)) as display:
            return run_queue(items, self.slots, display, self.start, stop)


def search_cells(queue: Queue, search: Search, trials: int, card: Card) -> list[Ended]:
    """Train the base, and what an earlier run asked for and has not; then what the search asks for, as many cells at a
    time as there are slots, until `trials` have ended; how each training ended."""
    ended = queue.train(search.cells())
    while (left := trials - search.ended()) > 0:
        before, asked = search.cells(), search.ask(min(left, len(queue.slots)))
        if not asked:
            raise Refusal(f"{search.grid.file}: `leave_out` leaves hardly a cell to draw. Leave out less.")
        refuse_invalid([*asked.values()], card, search.grid.file)
        refuse_other_losses([*asked.values()], search.grid.base_cell, card, search.grid.file)
        ended += queue.train([*asked.values()], before)
        for trial, cell in asked.items():
            search.tell(trial, _loss(queue.study, cell))
    return ended


def _drawing(training: Training) -> tuple[str, str, str]:
    """Name, command and log."""
    whose = f"--fold {training.fold} --seed {training.seed}"
    command = f"-m pipelines.features {whose} --rows out_of_fold --stages last --tsne"
    return f"{training.cell.title}: t-SNE", command, f"tsne-fold{training.fold}-seed{training.seed}"


def _firsts(trainings: Sequence[Training]) -> list[Training]:
    """Of each cell the first; all of one fold and seed."""
    return list({training.cell.title: training for training in reversed(trainings)}.values())[::-1]


def _loss(study: StudyFolder, cell: Cell) -> float | None:
    """The mean of what is done, or where it was ruled out: worse than at its end, so that a search looks elsewhere all
    the more. None where its training failed."""
    trainings = study.trainings([cell])
    losses = [validation_loss(training) for training in trainings if counts(training)]
    found = ruled_out(trainings[0])
    return mean(losses) if losses else found.losses[-1] if found else None
