"""Which of a competition's uploads is this run's, and what saved runs know of each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from foldline.ensembling.finished_runs import saved_runs
from foldline.ensembling.predictions import open_predictions
from foldline.ensembling.runs import agreement
from foldline.files.places import Places
from foldline.kaggle.ledger import run_id
from foldline.kaggle.uploads import Upload


def own_upload(uploads: Sequence[Upload], slug: str, submission: Path) -> Upload | None:
    """That of the csv which this run has made; None where there is none."""
    current = run_id(slug, submission.read_bytes()) if submission.is_file() else None
    return next((one for one in uploads if one.run_id == current), None)


@dataclass(frozen=True)
class Contender:
    """An upload, and what its saved run says of it, where there is one."""

    upload: Upload
    metric: str | None
    out_of_fold: float | None
    """As the ledger noted it, or the saved run."""
    standard_error: float = math.nan
    """Of the mean of its folds' scores."""
    is_screening: bool = False
    """Whether its score is of a single fold."""
    clipped: Path | None = None
    """The folder of its final predictions; None where the run is not saved here."""


def contenders(uploads: Sequence[Upload], places: Places) -> list[Contender]:
    """places: of what outlives an experiment, where runs are saved."""
    scored_runs = [(run, run.scores.metric) for run in saved_runs(places) if run.scores]
    by_csv = {(run.csv, metric): run for run, own in scored_runs for metric in (None, own)}
    found = []
    for upload in uploads:
        run = by_csv.get((upload.run_id, upload.metric))
        if run is None or run.scores is None:
            found.append(Contender(upload, upload.metric, upload.out_of_fold))
            continue
        clipped = Places(places.slug, places.runs / run.name).clipped
        score = run.score if upload.out_of_fold is None else upload.out_of_fold
        scored = upload.metric or run.scores.metric, score, run.standard_error, run.fold_count == 1
        found.append(Contender(upload, *scored, clipped))
    return found


def correlation(one: Contender, other: Contender) -> float | None:
    """Of their final test predictions, all rows and outputs together; None where they are not both saved here, or are
    not of the same rows and outputs."""
    if one.clipped is None or other.clipped is None:
        return None
    first, second = (open_predictions(folder) for folder in (one.clipped, other.clipped))
    if (first.test_ids, first.classes, first.form) != (second.test_ids, second.classes, second.form):
        return None
    return float(agreement((first.test, second.test), first.form).correlation[0, 1])
