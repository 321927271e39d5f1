"""All that a report's sections say of one finished run: its out-of-fold rows side by side, and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from jaxtyping import Float64, Int64, Integer

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.clipping import Decision, answers_again
from foldline.ensembling.forms import Distribution, Form
from foldline.ensembling.log_losses import are_positions
from foldline.ensembling.runs import Run, read_run
from foldline.ensembling.scoring import Scorer
from foldline.files.class_names import column_sizes, column_slices
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows
from foldline.files.truths import read_csv
from foldline.metrics.decisions.likeliest import likeliest
from foldline.metrics.decisions.rules import rule_of
from foldline.metrics.kinds.of_probabilities import SMALLEST
from foldline.metrics.metric_and_rule import MetricKind
from foldline.metrics.truths_and_answers import Answer, Labels
from foldline.pixels.cache import read_images
from foldline.predicting.predicted_rows import row_images
from foldline.report.page import in_words
from foldline.training.history import read_history

GAINS = ("step", "setting", "in_sample", "cross_validated", "standard_error", "low", "high", "applied", "note")
WRITERS = {"ensemble/metrics.json": "ensemble", "clip/metrics.json": "clip", "images.parquet": "prepare"}
"""Files of a finished run below work/<slug>, and the stages that write them."""
ONE_LABEL = Distribution(kind="distribution")
FIRST_LABEL: Mapping[Answer, Callable[[np.ndarray], np.ndarray]] = {
    "labels": lambda answers: answers,
    "rankings": lambda answers: answers[:, 0],
    "confident_labels": lambda answers: answers[:, 0].astype(np.int64),
}
"""Of answers that name classes, the one that each row is said to be of."""


@dataclass(frozen=True)
class Evidence:
    """A run's out-of-fold rows, all arrays in their order."""

    metric: MetricKind
    """Which knows the classes."""
    target: Target
    form: Form
    """What a row of predictions is."""
    classes: tuple[str, ...]
    ids: tuple[str, ...]
    targets: np.ndarray
    """As graded, in the form of files/rows.py."""
    before: np.ndarray
    """What `ensemble` predicts, (rows, outputs); compact above 2,000 classes."""
    after: np.ndarray
    """The same after `clip`."""
    answers: np.ndarray
    """What the metric scores: `after`, or what a rule made of it that was fitted without the row's fold."""
    folds: Integer[np.ndarray, " rows"]
    clusters: Int64[np.ndarray, " rows"]
    """Rows of one cluster are not independent."""
    losses: Float64[np.ndarray, " rows"]
    """What each row costs."""
    loss_name: str
    """In words: the metric's name where `losses` are its own."""
    first_images: Int64[np.ndarray, " rows"]
    """Of each its first image's index in the pixel cache."""
    rows: pd.DataFrame
    """rows.parquet: of all train and test rows."""
    images: pd.DataFrame
    """images.parquet: of all images."""
    gains: pd.DataFrame
    """`stage`, and the columns of gains.csv."""
    history: pd.DataFrame
    """Of all trainings: `fold`, `seed`, and the columns of history.csv."""

    @property
    def names(self) -> tuple[str, ...]:
        """Of what answers and graded targets point at by position: the classes, and the new class where there is
        one."""
        return self.target.answer_names(self.classes)

    @property
    def true_labels(self) -> Labels | None:
        """Each row's one class, a position in `names`; None where rows have not exactly one."""
        return self.targets if self.targets.ndim == 1 and are_positions(self.targets) else None

    @cached_property
    def labels(self) -> Labels | None:
        """The one class that each row is said to be of: by the answers, or else the likeliest; None as above."""
        if self.true_labels is None:
            return None
        return FIRST_LABEL.get(self.metric.needs, lambda answers: self.form.named(self.after))(self.answers)

    @cached_property
    def errors(self) -> Mapping[int, str]:
        """Why the image of an index cannot be read, of those that cannot."""
        wrong = self.images[self.images["error"].notna()]
        return dict(zip(wrong["cache_index"].tolist(), wrong["error"].tolist(), strict=True))

    @cached_property
    def columns(self) -> Mapping[str, Evidence]:
        """Of a target of several labels each column by itself, as if it were all: of the rows that have a label there.
        A column that no row has one in is left out; there is none of other targets."""
        if "labels" not in self.target.truths:
            return {}
        sizes, names_labels = column_sizes(self.classes), self.metric.needs == "labels"
        found = {}
        for at, (name, mine) in enumerate(zip(sizes, column_slices([*sizes.values()]), strict=True)):
            rows = np.flatnonzero(self.targets[:, at] >= 0)
            if not len(rows):
                continue
            targets, after = self.targets[rows, at] - mine.start, self.after[rows, mine]
            found[name] = replace(
                self,
                form=ONE_LABEL,
                classes=self.classes[mine],
                ids=tuple(self.ids[row] for row in rows),
                targets=targets,
                before=self.before[rows, mine],
                after=after,
                answers=self.answers[rows, at] - mine.start if names_labels else after,
                folds=self.folds[rows],
                clusters=self.clusters[rows],
                losses=ONE_LABEL.row_losses(after, targets),
                loss_name=ONE_LABEL.loss_name,
                first_images=self.first_images[rows],
            )
        return found


def read_evidence(places: Places, target: Target, metric: MetricKind, submission: Submission) -> Evidence:
    """target, metric, submission: of the card. Raises Refusal for a run that is not finished."""
    for name, stage in WRITERS.items():
        if not (places.work / name).is_file():
            raise Refusal(
                f"{places.work / name} does not exist: this run has not come through the stage `{stage}`. Run `dvc "
                "repro` first: it runs whatever is missing."
            )
    first, run = read_run(".", places, "ensemble"), read_run(".", places, "clip")
    means, final = first.predictions, run.predictions
    if means.out_of_fold_ids != final.out_of_fold_ids or means.classes != final.classes:
        raise Refusal(f"{places.clipped} is of other rows or classes than {places.ensemble}. Run `dvc repro clip`.")
    gains = pd.concat([_gains(folder) for folder in (places.ensemble, places.clipped)], ignore_index=True)
    run = replace(run, targets=target.graded(run.targets, final.folds, final.classes))
    metric = metric.of(final.classes)
    rule = rule_of(submission.default_rule(target, final.classes, final.test.shape[1]))
    was_fitted = bool((gains["step"].eq(Decision.name) & gains["setting"].notna()).any())
    answers = answers_again(Scorer(metric, rule), run, was_fitted)
    losses, loss_name = row_losses(metric, run, answers)
    rows, images = read_rows(places.rows), read_images(places.images)
    return Evidence(
        metric=metric,
        target=target,
        form=final.form,
        classes=final.classes,
        ids=final.out_of_fold_ids,
        targets=run.targets,
        before=means.out_of_fold,
        after=final.out_of_fold,
        answers=answers,
        folds=final.folds,
        clusters=run.clusters,
        losses=losses,
        loss_name=loss_name,
        first_images=row_images(rows, images, final.out_of_fold_ids, "train").firsts,
        rows=rows,
        images=images,
        gains=gains,
        history=read_history(places.ensemble / "history.csv"),
    )


def row_losses(metric: MetricKind, run: Run, answers: np.ndarray) -> tuple[Float64[np.ndarray, " rows"], str]:
    """What each row costs, and by what: the metric where it is a mean of rows that sees sizes, else what the form of
    the predictions says. By whether a label is right alone, no row would be worse than another.

    Of a row of a class that the predictions do not know, what it costs to be sure of another: -log(1 - the highest).
    """
    own = metric.averaged_scores(run.targets, answers) if metric.scores_probabilities else None
    if own is not None:
        name = in_words(metric.name)
        return (own, name) if metric.is_error else (1 - own, f"1 - {name}")
    form, predictions = run.predictions.form, run.predictions.out_of_fold
    if not form.is_one_distribution or not are_positions(run.targets):
        return form.row_losses(predictions, run.targets), form.loss_name
    is_new = run.targets >= len(run.predictions.classes)
    of_known = form.row_losses(predictions, np.where(is_new, 0, run.targets))
    highest = likeliest(predictions, 1)[1][:, 0].astype(np.float64)
    return np.where(is_new, -np.log((1 - highest).clip(SMALLEST)), of_known), form.loss_name


def _gains(folder: Path) -> pd.DataFrame:
    return read_csv(folder / "gains.csv", GAINS, {"setting": str, "note": str}).assign(stage=folder.name)
