"""Accelerate's trackers, told of every row of the history: they go on where a stopped training does, and none of them
can stop one."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

from accelerate import Accelerator
from accelerate.tracking import GeneralTracker, MLflowTracker, TensorBoardTracker, WandBTracker
from accelerate.utils import LoggerType
from filelock import FileLock
from tqdm import tqdm

from foldline.files.redaction import without_secrets
from foldline.params.yaml_files import nested_values
from foldline.training.backbones import first_line
from foldline.training.checkpoints import EpochRow
from foldline.training.trackers import TrackerName


@dataclass(frozen=True)
class Run:
    """One training, as trackers know it."""

    project: str
    """The competition's slug."""
    name: str
    """Of all trainings of the project's this one's alone, also when it is resumed."""
    folder: Path
    """Of all runs: of what trackers keep on this machine."""
    config: Mapping[str, Any]
    """Parameters, to any depth."""


class Opened(NamedTuple):
    tracker: GeneralTracker
    is_new: bool
    last: int = -1
    """The last step that it has; those up to it are not logged again."""


def open_tensorboard(run: Run, step: int) -> Opened:
    """What a killed run wrote of this step or later ones, TensorBoard leaves out."""
    tracker = TensorBoardTracker(run.name, run.folder, purge_step=step)
    tracker.start()
    return Opened(tracker, is_new=step <= 1)


def open_wandb(run: Run, step: int) -> Opened:
    """W&B leaves out steps that it has."""
    tracker = WandBTracker(run.project, id=run.name, name=run.name, resume="allow", dir=str(run.folder))
    tracker.start()
    return Opened(tracker, is_new=not tracker.run.resumed)


def open_mlflow(run: Run, step: int) -> Opened:
    """Where $MLFLOW_TRACKING_URI says, else in the run's folder."""
    import mlflow  # type: ignore[reportMissingImports]

    artifacts = None
    if "MLFLOW_TRACKING_URI" not in os.environ:
        mlflow.set_tracking_uri(f"sqlite:///{run.folder.absolute()}/mlflow.db")
        artifacts = (run.folder / "mlflow").absolute().as_uri()
    with FileLock(run.folder / "mlflow.lock"):  # Of two trainings side by side one makes the project.
        named, listing = f"attributes.run_name = '{run.name}'", {"output_format": "list"}
        project = mlflow.get_experiment_by_name(run.project)
        known = mlflow.search_runs([project.experiment_id], named, **listing)[:1] if project else []
        run_id = next((one.info.run_id for one in known), None)
        tracker = MLflowTracker(run.project, artifacts, run_id=run_id, run_name=run.name)
        tracker.start()
    last = max((int(one.data.metrics.get("epoch", -1)) for one in known), default=-1)
    return Opened(tracker, last < 0, last)


OPENERS: Mapping[TrackerName, Callable[[Run, int], Opened]] = {
    "tensorboard": open_tensorboard,
    "wandb": open_wandb,
    "mlflow": open_mlflow,
}


class PatientTracker(GeneralTracker):
    """Opens a tracker for the first row that it is told, which says where the training goes on. Once it fails it is
    left out, with a word, and the training goes on without."""

    requires_logging_directory = False

    def __init__(self, name: TrackerName, run: Run) -> None:
        self.name = name
        self._open = OPENERS[name]
        self._run = run
        self._opened: Opened | None = None
        self._has_failed = False
        super().__init__()

    @property
    def tracker(self) -> GeneralTracker | None:
        return self._opened and self._opened.tracker

    def log(self, values: dict, step: int | None = None, **kwargs: Any) -> None:
        assert step is not None

        def tell() -> None:
            if self._opened is None:
                self._run.folder.mkdir(parents=True, exist_ok=True)
                self._opened = self._open(self._run, step)
                if self._opened.is_new:
                    self._opened.tracker.store_init_configuration(as_logged(self._run.config))
            if step > self._opened.last:
                self._opened.tracker.log(values, step=step, **kwargs)

        self._attempt(tell)

    def finish(self) -> None:
        if self._opened is not None:
            self._attempt(self._opened.tracker.finish)

    def _attempt(self, act: Callable[[], None]) -> None:
        if self._has_failed:
            return
        try:
            act()
        except Exception as error:
            self._has_failed = True
            why = without_secrets(first_line(error))
            tqdm.write(f"{self._run.name}: the tracker {self.name} fails and is left out; training goes on ({why})")


def start_trackers(names: Sequence[TrackerName], run: Run, accelerator: Accelerator) -> None:
    trackers: list[str | LoggerType | GeneralTracker] = [PatientTracker(name, run) for name in names]
    accelerator.log_with = trackers
    accelerator.init_trackers(run.project)


def track(row: EpochRow, accelerator: Accelerator) -> None:
    """What was not measured is left out."""
    accelerator.log({name: value for name, value in row.items() if not isnan(value)}, step=int(row["epoch"]))


def as_logged(params: Mapping[str, Any]) -> dict[str, bool | int | float | str]:
    """`train.epochs: 3` for every value; a list, and what is null, as text."""
    return {
        path: value if isinstance(value, bool | int | float | str) else str(value)
        for path, value in nested_values(params)
    }
