"""Finished runs, wherever they are: a folder, or a DVC experiment or git revision of the repository one works in."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int64

from foldline.card.description import read_classes
from foldline.ensembling.expected_rows import clusters_of
from foldline.ensembling.predictions import Predictions, read_predictions
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import positions_of, read_rows, read_targets
from foldline.folds.folds_table import read_folds
from foldline.params.yaml_files import read_yaml

Stage = Literal["ensemble", "clip"]


@dataclass(frozen=True)
class Run:
    """One run's predictions after a stage, and the truth of its out-of-fold rows, in their order."""

    name: str
    """As the person wrote it."""
    predictions: Predictions
    targets: np.ndarray
    """In the form of files/rows.py."""
    clusters: Int64[np.ndarray, " out_of_fold_rows"]
    """Rows of one cluster (a group, near-duplicates) are not independent."""
    folder: Path
    """The stage's, while the run is open."""


@contextmanager
def open_runs(names: Sequence[str], slug: str, stage: Stage) -> Iterator[tuple[Run, ...]]:
    """The runs that `names` name, each a folder, a DVC experiment or a git revision; `.` is the working folder.

    What DVC's cache holds of an experiment is copied to a temporary folder for as long as the runs are open.
    Raises Refusal when a name is nothing of these, is of another competition, or has not been run to its end.
    """
    repeated = next((name for at, name in enumerate(names) if name in names[:at]), None)
    if repeated is not None:
        raise Refusal(f"The run `{repeated}` is named twice: nothing would be learned from it. Name different runs.")
    with ExitStack() as stack:
        runs = []
        for name in names:
            places = stack.enter_context(_located(name, slug, stage))
            try:
                runs.append(read_run(name, places, stage))
            except Refusal as refusal:
                raise Refusal(f"run `{name}`: {refusal}") from None
        yield tuple(runs)


def read_run(name: str, places: Places, stage: Stage) -> Run:
    """Raises Refusal when its files are missing or do not fit each other."""
    predictions, rows = read_predictions(places.work / stage), read_rows(places.rows)
    targets = read_targets(places.targets, rows, read_classes(places.classes))
    targets = targets[positions_of(rows, predictions.out_of_fold_ids)]
    clusters = clusters_of(read_folds(places.folds), predictions.out_of_fold_ids)
    return Run(name, predictions, targets, clusters, places.work / stage)


@contextmanager
def _located(name: str, slug: str, stage: Stage) -> Iterator[Places]:
    if Path(name).is_dir():
        yield _in_folder(name, slug)
    else:
        with tempfile.TemporaryDirectory(prefix="foldline-run-") as folder:
            _fetch(name, slug, stage, Path(folder))
            yield Places(slug, Path(folder))


def _in_folder(name: str, slug: str) -> Places:
    """A checkout's folder, or the folder work/<slug> of one."""
    folder = Path(name)
    if (folder / "params.yaml").exists():
        _refuse_other_competition(name, read_yaml(folder / "params.yaml"), slug)
        return Places(slug, folder)
    if folder.resolve().parts[-2:] == ("work", slug):
        return Places(slug, folder.resolve().parents[1])
    raise Refusal(
        f"run `{name}`: the folder holds no run of {slug}. Name a checkout (it holds params.yaml) or its folder "
        f"work/{slug}."
    )


def _fetch(name: str, slug: str, stage: Stage, folder: Path) -> None:
    """What `read_run` reads, from git and DVC's cache into `folder`."""
    # Importing DVC takes a second, which only a run that it holds must cost.
    import dvc.api
    from dvc.exceptions import DvcException
    from dvc.scm import RevError, SCMError

    places = Places(slug, folder)
    paths = (places.rows, places.targets, places.classes, places.folds, places.work / stage)
    try:
        revision = dvc.api.DVCFileSystem(rev=name)
        revision.get("params.yaml", str(folder / "params.yaml"))
        _refuse_other_competition(name, read_yaml(folder / "params.yaml"), slug)
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            revision.get(path.relative_to(folder).as_posix(), str(path), recursive=True)
    except (RevError, SCMError) as error:
        raise Refusal(
            f"There is no run `{name}`: no folder, DVC experiment or git revision has that name ({error}). "
            "`dvc exp show` lists the experiments."
        ) from None
    except (FileNotFoundError, DvcException) as error:
        raise Refusal(
            f"run `{name}`: not all of its files are in DVC's cache ({error}). It has not been run to its end, or its "
            f"dvc.lock is not committed: `dvc exp run -n {name}-again`, or name the folder that it ran in."
        ) from None


def _refuse_other_competition(name: str, params: dict[str, Any], slug: str) -> None:
    if params.get("competition") != slug:
        raise Refusal(
            f"run `{name}` is of the competition {params.get('competition')!r}, params.yaml here says {slug!r}. "
            "Set `competition` to it, or name another run."
        )
