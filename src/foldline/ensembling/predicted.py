"""What the trained models of an experiment predicted, with the truth of the rows that they did not train on."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from foldline.card.activations import Activation, Form, form_of, width_of
from foldline.card.target import Target
from foldline.competition.targets import encode, graded_targets
from foldline.ensembling.coverage import Roster, roster, train_rows
from foldline.ensembling.members import Member, members_of
from foldline.ensembling.view_choice import common_views
from foldline.files.class_names import read_classes
from foldline.files.places import ALL_ROWS, FoldName, Places
from foldline.files.rows import read_rows
from foldline.folds.folds_table import read_folds
from foldline.predicting.logits import read_logits


@dataclass(frozen=True)
class Predicted:
    models: Sequence[tuple[FoldName, int]]
    """Fold and seed of each, in the order of the members."""
    members: list[Member]
    """One per fold and seed: of each fold all seeds, of those that trained on all rows last."""
    names: list[str]
    """Of a fold's members, in their order."""
    views: tuple[str, ...]
    """Under which all of them predicted."""
    activation: Activation
    roster: Roster
    targets: np.ndarray
    """Of the out-of-fold rows, as a grader sees them."""
    classes: tuple[str, ...]

    @property
    def form(self) -> Form:
        return form_of(self.activation)

    @property
    def width(self) -> int:
        """How many numbers a row's prediction has."""
        return width_of(self.form, len(self.classes))


def read_predicted(places: Places, folds: Sequence[FoldName], seeds: Sequence[int], target: Target) -> Predicted:
    """Of these folds and seeds; reads no logits yet. Raises Refusal unless every row is predicted exactly once, by
    models of the same classes under the same views."""
    of_some_rows = sorted(fold for fold in folds if isinstance(fold, int))
    rows, classes = read_rows(places.rows), read_classes(places.classes)
    covered = roster(rows, read_folds(places.folds), of_some_rows)
    every: list[FoldName] = [*of_some_rows, *(kind for kind in ALL_ROWS if kind in folds)]
    models = list(product(every, sorted(seeds)))
    logits = [read_logits(places.predicted(*model)) for model in models]
    targets = encode(train_rows(rows, covered.out_of_fold_ids), classes, target)
    return Predicted(
        models,
        members_of(models, logits, covered, classes),
        [f"seed {seed}" for seed in sorted(seeds)],
        common_views(logits),
        logits[0].activation,
        covered,
        graded_targets(targets, covered.folds, classes, target),
        classes,
    )
