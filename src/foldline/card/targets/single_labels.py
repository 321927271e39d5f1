"""Targets of one label per row: of two classes, of several, of levels, and of classes that only the test set has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar, Literal

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from foldline.card.activations import CumulativeLink, Level, NormalisedSigmoid, Softmax
from foldline.card.targets.sample_columns import SampleColumns, sorted_labels
from foldline.card.targets.target_kind import (
    BY_A_FUNCTION,
    MOST_PROBABLE,
    Label,
    Positions,
    TargetKind,
    Targets,
    refuse_other_fields,
)
from foldline.files.refusal import Refusal, counted, listed
from foldline.metrics.truths_and_answers import FirstRule

UNFITTED_REJECTION = 0.5
MOST_LEVELS = 1_000
"""Of integers that the card does not list."""
DENYING = re.compile(
    r"(?i)0|0\.0|-1|f|false|n|no|none|neg|negative|absent|normal|healthy|benign|(no|non|not|without)[\W_].*"
)
AFFIRMING = re.compile(r"(?i)1|1\.0|t|true|y|yes|pos|positive|present|abnormal|malignant")
RISING = ("none", "no", "normal", "low", "mild", "medium", "moderate", "high", "severe")
"""Words that levels begin with, from the lowest; of the lowest and of the middle ones there are several."""
OF_CLASSES = (Softmax, NormalisedSigmoid)


class OneLabel(TargetKind):
    """A label in `column`; no kind itself."""

    column: str

    def named_columns(self) -> tuple[tuple[str, str], ...]:
        return (("target.column", self.column),)

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        texts = table[self.column]
        refuse_other_fields(texts, texts != "", source, f"a label; name another column in the card, {BY_A_FUNCTION}")
        return texts

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        labels = refuse_too_few(set(found))
        return sample.names("class", labels, all_known=False) or sorted_labels(labels)

    def encode(self, found: pd.Series, classes: tuple[str, ...]) -> Positions:
        """The position among `classes`."""
        return positions_of(found, classes)

    def shown(self, targets: Targets, classes: tuple[str, ...]) -> list[str]:
        return [classes[position] for position in targets]

    def graded(self, targets: Targets, folds: Positions, classes: tuple[str, ...]) -> Targets:
        """A class without a row outside of the fold is new to the fold's model, as test classes without a train row
        are."""
        new_class = self.unseen_class()
        if new_class is None:
            return targets
        pairs = np.unique(np.stack([targets, folds]), axis=1)
        of_one_fold = np.bincount(pairs[0], minlength=len(classes)) == 1
        return np.where(of_one_fold[targets], new_class_position(new_class, classes), targets)


class Binary(OneLabel):
    """One of two classes. `positive` is the one whose probability is submitted, and which metrics of one class are of.
    At most one of `negative` and `positive` is null, which stands for every other label: `negative: Cover, positive:
    null`."""

    kind: Literal["binary"]
    negative: Label | None
    positive: Label | None

    truths: ClassVar = ("positive", "class", "label")
    answers: ClassVar = ("numbers", "labels", "probabilities")
    keeps_ranks: ClassVar = True

    @model_validator(mode="after")
    def _one_is_named(self) -> "Binary":
        if self.negative == self.positive:
            raise ValueError(
                f"target.negative and target.positive are both {self.negative!r}: name two labels, or one, and null "
                "for every other"
            )
        return self

    def both(self) -> tuple[str, str]:
        """The negative and the positive label; the one that stands for every other is named after the other."""
        return self.negative or f"not {self.positive}", self.positive or f"not {self.negative}"

    def direction(self) -> str:
        negative, positive = self.both()
        return f"{positive} is positive, and what a submitted number is the probability of; {negative} is negative"

    def doubts(self, predicted: Sequence[str]) -> Iterator[str]:
        names = f"target.positive is {self.positive!r} and target.negative {self.negative!r}"
        meaning = f"a submitted number is then the probability of {self.both()[1]!r}. Exchange the two, unless"
        if are_contrary(self.negative, self.positive):
            yield f"{names}: {meaning} the competition asks for just that."
        elif self.negative is not None and [name.casefold() for name in predicted] == [self.negative.casefold()]:
            yield f"{names}, but the sample's column is called {predicted[0]}: {meaning} that says no class."

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        texts, (negative, positive) = super().read(table, source), self.both()
        named = [label for label in (self.negative, self.positive) if label is not None]
        if len(named) == 2:
            wanted = f"{listed(named)} (target.negative, target.positive); correct the card, {BY_A_FUNCTION}"
            refuse_other_fields(texts, texts.isin(named), source, wanted)
            return texts
        if not texts.isin(named).any():
            fact = "negative" if self.positive is None else "positive"
            raise Refusal(
                f"{source}: no `{texts.name}` is {named[0]!r} (target.{fact}), found {listed(texts.unique())}. "
                "Correct the card."
            )
        is_positive = texts != negative if self.positive is None else texts == positive
        return is_positive.map({True: positive, False: negative}).astype("str")

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        """The positive class comes second, whatever the order of the sample's columns."""
        super().classes(found, sample)
        return self.both()

    def nameless(self) -> bool:
        return None in (self.negative, self.positive)

    def number_rule(self, low_high: tuple[float, float] | None, outputs: int) -> FirstRule:
        return {"kind": "positive_probability"}


class Multiclass(OneLabel):
    """Exactly one of C classes; a name in `column`. The classes' order is that of the sample submission's columns, or
    else that of the sorted labels."""

    kind: Literal["multiclass"]

    truths: ClassVar = ("class", "label", "each_class")
    answers: ClassVar = ("probabilities", "labels", "confident_labels")
    activations: ClassVar = OF_CLASSES


class OpenSet(OneLabel):
    """Exactly one of C classes, but of some test rows none of them; one label is submitted.

    Source of the term: Scheirer et al., Toward Open Set Recognition, 2013.
    """

    kind: Literal["open_set"]
    new_class: Label
    """The label of rows whose class has no train row: `Other`."""

    truths: ClassVar = ("label",)
    answers: ClassVar = ("labels",)
    activations: ClassVar = OF_CLASSES

    def unseen_class(self) -> str:
        return self.new_class

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> FirstRule:
        return {"kind": "label_or_new", "known": MOST_PROBABLE, **new_class_keys(self.new_class, classes)}


class Ranked(OneLabel):
    """Exactly one of C classes; the k likeliest are submitted, in order."""

    kind: Literal["ranked"]
    new_class: Label | None
    """The label of test rows whose class has no train row (`new_whale`), or null when there are none."""

    truths: ClassVar = ("ranking",)
    answers: ClassVar = ("rankings",)
    activations: ClassVar = OF_CLASSES

    def unseen_class(self) -> str | None:
        return self.new_class

    def ranking_rule(self, length: int, classes: tuple[str, ...]) -> FirstRule:
        if self.new_class is None:
            return super().ranking_rule(length, classes)
        return {"kind": "top_classes_or_new", "length": length, **new_class_keys(self.new_class, classes)}


class Ordinal(OneLabel):
    """One of several levels that have an order."""

    kind: Literal["ordinal"]
    levels: Annotated[tuple[Label, ...], Field(min_length=2)] | None
    """From lowest to highest; null for integers, from the least to the greatest of the train rows."""

    truths: ClassVar = ("class", "label", "each_class", "level")
    answers: ClassVar = ("labels", "probabilities")
    activations: ClassVar = (Softmax, CumulativeLink, Level)

    def named_classes(self) -> tuple[str, ...]:
        return self.levels or ()

    def direction(self) -> str:
        return f"{' < '.join(self.levels)}" if self.levels else "integers, the lowest first"

    def doubts(self, predicted: Sequence[str]) -> Iterator[str]:
        ranks = ranks_of(self.levels or ())
        if ranks != sorted(ranks):
            yield (
                f"target.levels are {listed(self.levels or ())}, and do not seem to rise: neighbours in the list count "
                "as neighbouring levels, and the first as the lowest. Write them from the lowest to the highest."
            )

    def read(self, table: pd.DataFrame, source: str) -> pd.Series:
        texts = super().read(table, source)
        if self.levels is None:
            wanted = "an integer without + or 0 in front; write the levels' names as target.levels in the card"
            refuse_other_fields(texts, texts.str.fullmatch(r"0|-?[1-9][0-9]*"), source, wanted)
        else:
            wanted = f"{listed(self.levels)} (target.levels); correct the card, {BY_A_FUNCTION}"
            refuse_other_fields(texts, texts.isin(list(self.levels)), source, wanted)
        return texts

    def classes(self, found: pd.Series, sample: SampleColumns) -> tuple[str, ...]:
        """Levels rise, whatever the order of the sample's columns."""
        if self.levels is not None:
            return self.levels
        levels = [int(label) for label in super().classes(found, sample)]
        if max(levels) - min(levels) >= MOST_LEVELS:
            raise Refusal(
                f"The train rows' levels go from {min(levels)} to {max(levels)}, and target.levels is null: each "
                f"integer between is one, which are more than {MOST_LEVELS:,}. Write those that there are in the card."
            )
        return tuple(str(level) for level in range(min(levels), max(levels) + 1))

    def label_rule(self, classes: tuple[str, ...], outputs: int) -> FirstRule:
        """Of a level that is predicted as a number the nearest one."""
        if outputs > 1:
            return super().label_rule(classes, outputs)
        return {"kind": "ordinal_thresholds", "thresholds": [level + 0.5 for level in range(len(classes) - 1)]}


def are_contrary(negative: str | None, positive: str | None) -> bool:
    """Whether the names say the opposite: 0 or `no_tumour` as the positive label, 1 or `yes` as the negative one."""
    says_no, says_yes = (
        [bool(found.fullmatch(label or "")) for label in (negative, positive)] for found in (DENYING, AFFIRMING)
    )
    return (says_no[1] and not says_no[0]) or (says_yes[0] and not says_yes[1])


def ranks_of(levels: Sequence[str]) -> list[float]:
    """What the levels' names say of their order: their numbers, or the ranks of the words among them that have one."""
    try:
        return [float(level) for level in levels]
    except ValueError:
        starts = [re.split(r"[\W_]", level.casefold())[0] for level in levels]
        return [float(RISING.index(start)) for start in starts if start in RISING]


def new_class_position(new_class: str, classes: tuple[str, ...]) -> int:
    """That of its output, or one after the last class's when no train row has it."""
    return classes.index(new_class) if new_class in classes else len(classes)


def new_class_keys(new_class: str, classes: tuple[str, ...]) -> FirstRule:
    return {"new_class": new_class_position(new_class, classes), "rejection_threshold": UNFITTED_REJECTION}


def positions_of(labels: pd.Series, classes: tuple[str, ...]) -> Positions:
    return pd.Index(classes, dtype="str").get_indexer(pd.Index(labels, dtype="str")).astype(np.int64)


def refuse_too_few(labels: set[str], least: int = 2) -> set[str]:
    """`labels` of the train rows. Raises Refusal where they leave nothing to tell apart."""
    if len(labels) < least:
        raise Refusal(
            f"The train rows have {counted(len(labels), 'label', 'different labels')} ({listed(labels)}): there is "
            "nothing to learn. Correct the card's target."
        )
    return labels
