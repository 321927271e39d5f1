from pathlib import Path
from typing import Any

import pytest
import yaml

from foldline.card.answers import unscorable
from foldline.card.card import Card, read_card
from foldline.card.submission import FORMS
from foldline.card.target import TARGETS
from foldline.files.refusal import listed
from foldline.metrics.metric import METRICS
from foldline.params.section import parse

CARDS = sorted((Path(__file__).parents[2] / "pipelines" / "competitions").glob("*.yaml"))
FILE = {"sample": "sample.csv", "id": "id", "extra_columns": "ignored"}
LABEL = {"kind": "label", **FILE}
PROBABILITIES = {"kind": "class_probabilities", **FILE}
NUMBER = {"kind": "number", "range": None, **FILE}
COVER = {"kind": "binary", "column": "x", "group": None, "negative": "Cover", "positive": None}
SEVERAL = {"kind": "multilabel", "labels": {"kind": "columns", "columns": ["any", "a"]}, "group": None}
RANKED = {"kind": "ranked", "column": "x", "group": None, "new_class": None}


def taking(target: str) -> str:
    """The forms that a target is submitted as, as the messages list them."""
    return listed(name for name, form in FORMS.items() if form.takes(TARGETS[target]))


@pytest.mark.parametrize("kind", TARGETS)
def test_every_target_is_scored_and_submitted(kind: str) -> None:
    target = TARGETS[kind]
    scoring = [metric for metric in METRICS.values() if {*metric.truths} & {*target.truths}]
    assert any({*metric.answers} & {*target.answers} for metric in scoring)
    assert any(form.takes(target) for form in FORMS.values())


@pytest.mark.parametrize("kind", FORMS)
def test_every_form_holds_what_some_metric_scores_of_some_target(kind: str) -> None:
    form = FORMS[kind]
    taken = [target for target in TARGETS.values() if form.takes(target)]
    truths = {truth for target in taken for truth in target.truths}
    assert any({*metric.answers} & {*form.answers} and {*metric.truths} & truths for metric in METRICS.values())


@pytest.mark.parametrize("kind", METRICS)
def test_every_metric_scores_some_target_that_some_form_submits(kind: str) -> None:
    metric = METRICS[kind]
    scored = [target for target in TARGETS.values() if {*metric.truths} & {*target.truths}]
    assert any(
        form.takes(target) and {*form.answers} & {*metric.answers} for target in scored for form in FORMS.values()
    )


def conflicts(**sections: dict[str, Any]) -> list[str]:
    """Of the dog-breed card with other sections."""
    card = yaml.safe_load(next(path for path in CARDS if path.stem == "dog-breed-identification").read_text())
    return list(unscorable(parse(card | sections, Card, "card")))


@pytest.mark.parametrize("path", CARDS, ids=lambda path: path.stem)
def test_the_cards_that_come_along_fit_themselves(path: Path) -> None:
    assert list(unscorable(read_card(path))) == []


@pytest.mark.parametrize(
    ("sections", "messages"),
    [
        (
            {"metric": {"kind": "rmse"}},
            [
                "the metric `rmse` scores targets of kind regression",
                "`submission.kind` is `class_probabilities`, but the metric `rmse` scores a submission of kind number",
            ],
        ),
        (
            {"target": {"kind": "label_distribution", "columns": ["a", "b"], "group": None}},
            ["`target.kind` is `label_distribution`, which "],
        ),
        (
            {"submission": LABEL},
            ["`submission.kind` is `label`, but the metric `log_loss` scores a submission of kind"],
        ),
        (
            {"submission": NUMBER},
            [
                f"a target of kind `multiclass` is submitted as {taking('multiclass')}.",
                "`submission.kind` is `number`, but the metric `log_loss` scores",
            ],
        ),
        (
            {"target": COVER, "metric": {"kind": "accuracy"}, "submission": LABEL},
            ["`submission.kind` is `label`, which needs both labels' names, but one of `target.negative`"],
        ),
        (
            {
                "target": SEVERAL,
                "metric": {"kind": "weighted_binary_log_loss", "weights": {"any": 2, "b": 1}},
            },
            ["`metric.weights` names b, which is not a column of the target. Valid: any, a."],
        ),
        (
            {
                "target": {"kind": "multioutput", "columns": ["colour", "size"], "group": None},
                "metric": {"kind": "mean_column_accuracy", "weights": {"color": 2}},
                "submission": LABEL,
            },
            ["`metric.weights` names color, which is not a column of the target. Valid: colour, size."],
        ),
        (
            {"target": {"kind": "multiclass", "column": "breed", "group": "breed"}},
            ["`target.column` and `target.group` both name `breed`: then each class would lie in one fold"],
        ),
        (
            {"target": SEVERAL, "metric": {"kind": "exact_match"}},
            ["scores a submission of kind label_set, set_columns"],
        ),
        (
            {
                "target": {"kind": "multiclass", "column": "x", "group": None},
                "metric": {"kind": "linear_weighted_kappa"},
            },
            [
                "the metric `linear_weighted_kappa` scores targets of kind ordinal",
                "is `class_probabilities`, but the metric `linear_weighted_kappa` scores a submission of",
            ],
        ),
        (
            {
                "target": RANKED,
                "metric": {"kind": "top_k_accuracy", "k": 1},
                "submission": {"kind": "ranking", "length": 5, **FILE},
            },
            ["`metric.k` is 1, but `submission.length` is 5"],
        ),
        (
            {
                "target": RANKED,
                "metric": {"kind": "map_at_k", "k": 5},
                "submission": {"kind": "ranking", "length": 3, **FILE},
            },
            ["`metric.k` is 5, but `submission.length` is 3"],
        ),
    ],
)
def test_what_does_not_fit_is_named(sections: dict[str, Any], messages: list[str]) -> None:
    found = conflicts(**sections)

    assert len(found) == len(messages)
    assert all(message in line for message, line in zip(messages, found, strict=True))
