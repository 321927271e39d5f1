"""Which metric fits which target, and which form of submission fits either."""

from collections.abc import Iterator, Sequence

from foldline.card.card import Card
from foldline.card.submission import FORMS
from foldline.card.target import TARGETS
from foldline.card.targets.target_kind import TargetKind
from foldline.files.places import card_file
from foldline.files.refusal import Refusal, listed
from foldline.metrics.metric import METRICS
from foldline.metrics.truths_and_answers import Answer, Truth


def refuse_unscorable_card(card: Card) -> None:
    """Raises Refusal with one line per conflict between the card's own sections."""
    conflicts = list(unscorable(card))
    if conflicts:
        raise Refusal("\n".join(conflicts))


def unscorable(card: Card) -> Iterator[str]:
    """A line per conflict between the card's own sections."""
    yield from (f"{card_file(card.slug)}: {conflict}" for conflict in _conflicts(card))


def _conflicts(card: Card) -> Iterator[str]:
    target, metric, form = card.target.kind, card.metric.kind, card.submission.kind
    answers = card.metric.scored
    scoring = [name for name, other in METRICS.items() if _scores(other.truths, other.answers, card.target)]
    if not _scores(card.metric.truths, answers, card.target):
        targets = [name for name, other in TARGETS.items() if _scores(card.metric.truths, answers, other)]
        yield (
            f"the metric `{metric}` scores targets of kind {listed(targets)}, but `target.kind` is "
            f"`{target}`, which {listed(scoring, 20)} {'scores' if len(scoring) == 1 else 'score'}."
        )
    if not card.submission.takes(card.target):
        taking = [name for name, other in FORMS.items() if other.takes(card.target)]
        yield (f"`submission.kind` is `{form}`, but a target of kind `{target}` is submitted as {listed(taking)}.")
    if not _meet(card.submission.answers, answers):
        holding = {name: other for name, other in FORMS.items() if _meet(other.answers, answers)}
        taking = [name for name, other in holding.items() if other.takes(card.target)]
        scoring = [name for name in scoring if _meet(card.submission.answers, METRICS[name].answers)]
        yield (
            f"`submission.kind` is `{form}`, but the metric `{metric}` scores a submission of kind "
            f"{listed(taking or holding)}. A target of kind `{target}` that is submitted as `{form}` is scored by "
            f"{listed(scoring if card.submission.takes(card.target) else (), 20)}."
        )
    yield from _answers_in_ids(card)
    yield from _answers_as_groups(card)
    yield from _unnamed(card)
    yield from _other_length(card)
    yield from _unknown_weights(card)


def _scores(truths: Sequence[Truth], answers: Sequence[Answer], target: TargetKind | type[TargetKind]) -> bool:
    return _meet(truths, target.truths) and _meet(answers, target.answers)


def _meet(some: Sequence[str], others: Sequence[str]) -> bool:
    return not set(some).isdisjoint(others)


def _answers_in_ids(card: Card) -> Iterator[str]:
    for fact, column in card.target.named_columns():
        if any(part.id == column for part in card.layout.train) and fact.endswith(".column"):
            yield (
                f"`{fact}` and `layout.train.id` both name `{column}`: then each label would be one "
                "row. Name the column of the labels, and that of the ids."
            )


def _answers_as_groups(card: Card) -> Iterator[str]:
    for fact, column in card.target.named_columns():
        if card.target.group == column:
            yield (
                f"`{fact}` and `target.group` both name `{column}`: then each class would lie in one "
                "fold, and no model would know the classes that it is judged on. Name what rows of the test set are "
                "not of (a patient, a place) as the group, or null."
            )


def _unnamed(card: Card) -> Iterator[str]:
    if card.target.nameless() and card.submission.names_classes:
        yield (
            f"`submission.kind` is `{card.submission.kind}`, which needs both labels' names, but one "
            "of `target.negative` and `target.positive` is null."
        )


def _other_length(card: Card) -> Iterator[str]:
    scored, length = card.metric.ranked, card.submission.most_answers()
    if scored is not None and length is not None and scored != length:
        yield f"`metric.k` is {scored}, but `submission.length` is {length}: make them equal."


def _unknown_weights(card: Card) -> Iterator[str]:
    """Where the card itself names the classes; else the doctor finds out."""
    names = card.target.weighed_names()
    unknown = [name for name in card.metric.weighted_names if name not in names] if names else []
    if unknown:
        yield (
            f"`metric.weights` names {listed(unknown)}, which is not a column of the target. Valid: "
            f"{listed(names, 40)}."
        )
