"""A metric in a file next to the card: scored, tried before any work, and what is refused."""

from collections.abc import Callable
from typing import get_args

import numpy as np
import pytest

from foldline.card.target import TARGETS
from foldline.files.refusal import Refusal
from foldline.metrics.metric import Metric
from foldline.metrics.truths_and_answers import Answer
from tests.metrics.of_kind import metric_of_kind

COST = """
import numpy as np


def cost(targets, labels, weights, missed):
    costs = np.where(labels == targets, 0, np.where(targets == 1, missed, 1))
    return np.average(costs, weights=weights)
"""
FITTING = [(name, answer) for name, kind in TARGETS.items() for answer in kind.answers]


def own_metric(name: str, scores: Answer = "labels", **keys: object) -> Metric:
    return metric_of_kind("python", file="own.py", name=name, scores=scores, direction="lower", **keys)


def test_rows_are_scored_with_their_weights_and_its_own_keys(own: Callable[[str], None]) -> None:
    own(COST)
    metric = own_metric("cost", missed=5)
    assert (metric.name, metric.needs, metric.higher_is_better) == ("cost", "labels", False)
    targets, labels = np.array([1, 0, 0]), np.array([0, 1, 0])
    assert metric.score(targets, labels) == (5 + 1 + 0) / 3
    assert metric.score(targets, labels, np.array([3.0, 1.0, 0.0])) == (3 * 5 + 1) / 4
    assert metric.gain(2.0, 1.0) == 1
    metric.dry_run(("positive", "class", "label"))


@pytest.mark.parametrize(("target", "scores"), FITTING)
def test_it_is_tried_on_what_any_target_may_be(target: str, scores: Answer, own: Callable[[str], None]) -> None:
    own("def shapes(targets, found, weights):\n    return float(len(targets) == len(found) == len(weights))")
    own_metric("shapes", scores).dry_run(TARGETS[target].truths)


def test_all_answers_are_those_of_some_target() -> None:
    assert {scores for _, scores in FITTING} == set(get_args(Answer))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def other(): ...", r"own.py has no `score`. It defines: other"),
        ("def score(targets, found):\n    return 1.0", r"`score` failed: TypeError.*It was tried on 4 made-up rows"),
        ("def score(targets, found, weights):\n    return targets[9]", r"`score` failed: IndexError.*\(line 3: return"),
        ("def score(targets, found, weights):\n    return weights", r"`score` returned ndarray: a metric is a number"),
        (
            "def score(targets, found, weights):\n    return (targets == found).mean()",
            r"`score` gives right answers 1 and wrong ones 0.25, but metric.direction is `lower`. Write which",
        ),
    ],
)
def test_what_fails_is_told_before_any_work(text: str, message: str, own: Callable[[str], None]) -> None:
    own(text)
    with pytest.raises(Refusal, match=message):
        own_metric("score").dry_run(("label",))


def test_a_file_elsewhere_is_refused() -> None:
    with pytest.raises(Refusal, match=r"`file` is 'own/a.py': it is the name of a .py file next to the card"):
        metric_of_kind("python", file="own/a.py", name="f", scores="labels", direction="lower")
