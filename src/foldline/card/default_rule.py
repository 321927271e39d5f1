"""The rule from predictions to answers before anything is fitted, for each kind of target and form."""

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
from foldline.files.class_names import column_sizes
from foldline.metrics.decisions.cut_points import half_way
from foldline.metrics.decisions.labels import MostProbable, MostProbableWithConfidence
from foldline.metrics.decisions.new_labels import LabelOrNew
from foldline.metrics.decisions.rankings import TopClasses, TopClassesOrNew, new_class_position
from foldline.metrics.decisions.rules import AsPredicted, Rule
from foldline.metrics.decisions.sets import even_thresholds
from foldline.metrics.decisions.several_labels import likeliest_of_each
from foldline.metrics.decisions.values import PositiveProbability, WithinRange

UNFITTED_LEVEL = 0.5


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
