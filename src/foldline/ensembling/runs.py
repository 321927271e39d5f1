"""Finished runs, wherever they are: a folder, a saved run, or a DVC experiment or git revision of one's repository."""

import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float64, Int64

from foldline.card.description import read_classes
from foldline.ensembling.forms import Form
from foldline.ensembling.members import refuse_other_classes
from foldline.ensembling.methods import Method
from foldline.ensembling.predictions import Predictions, read_predictions, read_scores
from foldline.ensembling.row_sources import Positions, Stored, StoredRows
from foldline.ensembling.scales import Inputs, Scale, scale_of, stored_scale
from foldline.ensembling.view_averages import ranks_within
from foldline.files.arrays import row_blocks
from foldline.files.places import Places
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import positions_of, read_rows, read_targets
from foldline.folds.folds_table import read_folds
from foldline.params.yaml_files import read_yaml
from foldline.predicting.predicted_rows import clusters_of, positions_in

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
    """The runs that `names` name, each a folder, a saved run, a DVC experiment or a git revision; `.` is the working
    folder.

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
    elif (Places(slug).runs / name).is_dir():
        yield Places(slug, Places(slug).runs / name)
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
        revision = dvc.api.DVCFileSystem(rev=name, subrepos=True)
        # The project may be a folder of the repository, which DVC opens at its root.
        project = Path("/", Path.cwd().relative_to(Path(revision.repo.scm.root_dir).resolve()))
        revision.get(f"{project / 'params.yaml'}", str(folder / "params.yaml"))
        _refuse_other_competition(name, read_yaml(folder / "params.yaml"), slug)
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            revision.get(f"{project / path.relative_to(folder)}", str(path), recursive=True)
    except (RevError, SCMError) as error:
        raise Refusal(
            f"There is no run `{name}`: no folder, saved run, DVC experiment or git revision has that name ({error}). "
            "`foldline runs` lists them."
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


@dataclass(frozen=True)
class Agreement:
    correlation: Float64[np.ndarray, "members members"]
    """Of the members' predictions, all rows and outputs together."""
    disagreement: Float64[np.ndarray, "members members"]
    """The share of rows for which they name different classes: the likeliest, of each column where there are several,
    or those of at least one half."""


def agreement(inputs: Inputs, form: Form) -> Agreement:
    """`inputs`: the members' predictions of the same rows. Numbers name no class: their disagreement is NaN."""
    named = [form.named(one) for one in inputs]
    different = [[_share_of_different_rows(one, other) for other in named] for one in named]
    return Agreement(_correlation(inputs), np.array(different))


def _correlation(inputs: Inputs) -> Float64[np.ndarray, "members members"]:
    """In blocks, which alone are as wide as there are classes. NaN for numbers that are all the same."""
    # Beyond their first ones: of numbers far from 0 the squares would hide how little they differ.
    first = np.stack([one[:1].ravel()[:1] for one in inputs]).astype(np.float64)
    count, sums, products = 0, np.zeros(len(inputs)), np.zeros((len(inputs), len(inputs)))
    for block in row_blocks(inputs[0].shape):
        rows = np.stack([one[block].ravel() for one in inputs]).astype(np.float64) - first
        count, sums, products = count + rows.shape[1], sums + rows.sum(axis=1), products + rows @ rows.T
    beyond = products - np.outer(sums, sums) / count
    with np.errstate(invalid="ignore", divide="ignore"):
        return beyond / np.sqrt(np.outer(np.diag(beyond), np.diag(beyond)))


def _share_of_different_rows(one: np.ndarray | None, other: np.ndarray | None) -> float:
    if one is None or other is None:
        return math.nan
    return float((one != other).reshape(len(one), -1).any(axis=1).mean())


def blend_scale(method: Method, form: Form, classes: int) -> Scale:
    """On which runs are weighed: their predictions as they are stored, unless the method takes scores."""
    return scale_of(form, classes) if method.takes_scores else stored_scale(form, classes)


def aligned(runs: Sequence[Run], targets: np.ndarray, method: Method, scale: Scale) -> StoredRows:
    """What the method takes of the runs on the scale, ranks too where it does: rows in the order of the first run.

    Raises Refusal unless all have its rows, folds, classes and form. targets: as graded.
    """
    first = runs[0].predictions
    of_folds, of_test = [], []
    for run in runs:
        predictions, name = run.predictions, f"run `{run.name}`"
        refuse_other_classes(predictions.classes, first.classes, name)
        if predictions.form != first.form:
            raise Refusal(
                f"{name} holds predictions of the form {predictions.form.kind}, run `{runs[0].name}` of the "
                f"form {first.form.kind}: they have no common mean. Blend runs of the same kind of loss."
            )
        positions = positions_in(first.out_of_fold_ids, predictions.out_of_fold_ids, f"{name}, out-of-fold rows")
        _refuse_other_folds(predictions.folds[positions], runs[0], name)
        test_positions = positions_in(first.test_ids, predictions.test_ids, f"{name}, test rows")
        values = read_scores(run.folder, predictions) if scale.has_scores else predictions
        of_folds.append(Stored(values.out_of_fold, positions))
        of_test.append(Stored(values.test, test_positions))
    folds = np.asarray(first.folds, np.int64)
    rows = StoredRows(targets, folds, runs[0].clusters, tuple(of_folds), tuple(of_test))
    return with_ranks(rows, first.form) if method.takes_ranks else rows


def _refuse_other_folds(folds: Positions, first: Run, name: str) -> None:
    differing = np.flatnonzero(folds != first.predictions.folds)
    if len(differing):
        ids = [first.predictions.out_of_fold_ids[row] for row in differing.tolist()]
        raise Refusal(
            f"{name} has {len(ids)} rows in another fold than run `{first.name}`: {listed(ids)}. A weight fitted on "
            "such rows has seen what it is judged on: run it with the same section `split` and the same folds."
        )


def with_ranks(rows: StoredRows, form: Form) -> StoredRows:
    """The runs' ranks after their predictions: within a fold, and among all test rows."""
    one_group = np.zeros(len(rows.arrays[0]), np.int64)
    return replace(
        rows, of_folds=_doubled(rows.of_folds, rows.folds, form), of_test=_doubled(rows.of_test, one_group, form)
    )


def _doubled(stored: tuple[Stored, ...], groups: Positions, form: Form) -> tuple[Stored, ...]:
    every = np.arange(len(groups))
    return (*stored, *(Stored(ranks_within(one.at(every), groups, form)) for one in stored))
