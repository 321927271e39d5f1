"""Rules, from predictions to the answers that a submission holds: data, which `clip` writes and `format` reads."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from foldline.card.submission import (
    ClassProbabilities,
    ConfidentLabel,
    HardLabel,
    LabelLines,
    LabelSet,
    Lines,
    Number,
    ProbabilityColumns,
    ProbabilityLines,
    Ranking,
    SetColumns,
    Submission,
)
from foldline.card.target import Binary, Multilabel, MultiOutput, OpenSet, Ordinal, Ranked, Target
from foldline.competition.output_names import column_sizes
from foldline.files.whole_files import read_json, write_json
from foldline.metrics.decisions.cut_points import CutPoints, half_way
from foldline.metrics.decisions.labels import MostProbable, MostProbableWithConfidence, WeightedClasses
from foldline.metrics.decisions.new_labels import LabelOrNew
from foldline.metrics.decisions.rankings import TopClasses, TopClassesOrNew, new_class_position
from foldline.metrics.decisions.sets import Thresholds, even_thresholds
from foldline.metrics.decisions.several_labels import LabelOfEach, likeliest_of_each
from foldline.metrics.decisions.values import HardPositive, PositiveProbability, WithinRange
from foldline.params.section import Section, parse

UNFITTED_LEVEL = 0.5


class AsPredicted(Section):
    """The predictions themselves."""

    kind: Literal["as_predicted"]

    def __call__(self, predictions: Float32[np.ndarray, "rows outputs"]) -> Float32[np.ndarray, "rows outputs"]:
        return predictions


Rule = Annotated[
    AsPredicted
    | MostProbable
    | WeightedClasses
    | MostProbableWithConfidence
    | LabelOrNew
    | LabelOfEach
    | CutPoints
    | Thresholds
    | TopClasses
    | TopClassesOrNew
    | PositiveProbability
    | HardPositive
    | WithinRange,
    Field(discriminator="kind"),
]
"""Called with predictions (rows, outputs), float32. Its answers: labels int64 (rows,) or (rows, columns), these with
confidences float64 (rows, 2), sets bool (rows, classes), rankings int64 (rows, length), values float32 (rows,), or the
predictions. All but confidences and values are positions of classes."""


def default_rule(target: Target, submission: Submission, classes: tuple[str, ...], outputs: int) -> Rule:
    """The rule before anything is fitted. outputs: how many numbers a row's predictions are."""
    match submission:
        case ClassProbabilities() | ProbabilityColumns() | ProbabilityLines():
            return AsPredicted(kind="as_predicted")
        case Number() | Lines():
            return _of_numbers(target, submission, outputs)
        case HardLabel() | LabelLines():
            return _of_labels(target, classes, outputs)
        case ConfidentLabel():
            return MostProbableWithConfidence(kind="most_probable_with_confidence")
        case LabelSet() | SetColumns():
            return even_thresholds(len(classes), submission.empty)
        case Ranking():
            return _of_rankings(target, submission.length, classes)


def _of_numbers(target: Target, submission: Number | Lines, outputs: int) -> Rule:
    if isinstance(target, Multilabel):
        return AsPredicted(kind="as_predicted")
    if isinstance(target, Binary):
        return PositiveProbability(kind="positive_probability")
    lowest, highest = submission.range or (None, None)
    return WithinRange(kind="within_range", lowest=(lowest,) * outputs, highest=(highest,) * outputs)


def _of_labels(target: Target, classes: tuple[str, ...], outputs: int) -> Rule:
    if isinstance(target, MultiOutput):
        return likeliest_of_each(tuple(column_sizes(classes).values()))
    if isinstance(target, Ordinal) and outputs == 1:
        return half_way(len(classes))
    likeliest = MostProbable(kind="most_probable")
    if not isinstance(target, OpenSet):
        return likeliest
    new_class = new_class_position(target.new_class, classes)
    return LabelOrNew(kind="label_or_new", known=likeliest, new_class=new_class, level=UNFITTED_LEVEL)


def _of_rankings(target: Target, length: int, classes: tuple[str, ...]) -> Rule:
    if not isinstance(target, Ranked) or target.new_class is None:
        return TopClasses(kind="top_classes", length=length)
    new_class = new_class_position(target.new_class, classes)
    return TopClassesOrNew(kind="top_classes_or_new", length=length, new_class=new_class, level=UNFITTED_LEVEL)


def write_rule(path: Path, rule: Rule) -> None:
    write_json(path, rule.model_dump(mode="json"))


def read_rule(path: Path) -> Rule:
    """Raises Refusal when the file is missing or holds no rule."""
    return parse(read_json(path), Rule, str(path))
