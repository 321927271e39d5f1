"""A search of a study's cells: Optuna's tree-structured Parzen estimator (Bergstra et al. 2011) on the queue.

Its memory is a journal beside the cells. What it asks next depends on the seed and on what was told, and on nothing
else: a search that was killed goes on as if it had not been.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from foldline.experiment.study import Cell, Grid
from foldline.files.refusal import Refusal
from foldline.files.whole_files import sha256_of_json

if TYPE_CHECKING:
    import optuna
    from optuna.trial import FrozenTrial, Trial

TRIES = 100
"""Of drawing a cell that is not left out."""


@dataclass(frozen=True)
class Search:
    grid: Grid
    folder: Path
    seed: int

    @cached_property
    def study(self) -> "optuna.Study":
        try:
            import optuna
        except ModuleNotFoundError as error:
            raise Refusal(f"a search needs the package {error.name}: `pip install optuna`.") from None
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # Other axes, or another base, are another search.
        key = sha256_of_json([self.grid.base, [repr(axis) for axis in self.grid.axes], self.seed])[:16]
        self.folder.mkdir(parents=True, exist_ok=True)
        storage = JournalStorage(JournalFileBackend(str(self.folder / f"search-{key}.log")))
        return optuna.create_study(storage=storage, study_name=key, load_if_exists=True)

    def cells(self) -> list[Cell]:
        """The base, and all that were asked for, in this order; no two are equal."""
        drawn = filter(None, map(self._cell, self.study.get_trials()))
        return list({cell.title: cell for cell in (self.grid.base_cell, *drawn)}.values())

    def ended(self) -> int:
        """How many of the trials were told of; not those that drew what is left out."""
        return sum(one.state.is_finished() and self._cell(one) is not None for one in self.study.get_trials())

    def ask(self, count: int) -> dict[int, Cell]:
        """The next cells, by the numbers of their trials: first those that were asked for and never told of."""
        from optuna.samplers import TPESampler

        asked: dict[int, Cell] = {}
        waiting: list[FrozenTrial | Trial] = [one for one in self.study.get_trials() if not one.state.is_finished()]
        begun = self.ended()
        for attempt in range(TRIES):
            if len(asked) == count:
                break
            if not waiting:
                seed = int(sha256_of_json([self.seed, begun + len(asked), attempt])[:8], 16)
                self.study.sampler = TPESampler(seed=seed, constant_liar=True)
                waiting.append(self.study.ask())
            trial = waiting.pop(0)
            cell = self._cell(trial)
            if cell is None:
                self.tell(trial.number, None)
            else:
                asked[trial.number] = cell
        return asked

    def tell(self, trial: int, loss: float | None) -> None:
        """The validation loss of a trial's cell; None where its training failed."""
        from optuna.trial import TrialState

        self.study.tell(trial, loss, state=TrialState.FAIL if loss is None else None)

    def _cell(self, trial: "FrozenTrial | Trial") -> Cell | None:
        """None where it is left out, and where the search was killed as it drew."""
        try:
            return self.grid.drawn(trial)
        except ValueError:
            return None
