"""A metric of one's own: a function in a file next to the card."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, get_args

import numpy as np
from pydantic import ConfigDict, Field

from foldline.files.places import CARDS
from foldline.files.refusal import Refusal
from foldline.metrics.metric_and_rule import MetricKind
from foldline.metrics.truths_and_answers import Answer, Truth, Weights
from foldline.params.own import CardFile, blamed, load_own

ROWS, CLASSES = 4, 3
"""Of the rows on which `check` tries it."""


class OwnMetric(MetricKind):
    """A function of your own, `name` in the Python file `file` next to the card, which is called with targets, what
    `scores` says, the weights of rows, and all further keys by their names ([own-code.md](own-code.md#a-metric))."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["python"]
    file: CardFile = Field(examples=["NAME.py"])
    function: str = Field(alias="name", examples=["score"])
    scores: Answer = Field(examples=["labels"])
    direction: Literal["higher", "lower"] = Field(examples=["higher"])
    """Which is better."""
    truths: ClassVar = get_args(Truth)
    answers: ClassVar = get_args(Answer)

    @property
    def name(self) -> str:
        return self.function

    @property
    def higher_is_better(self) -> bool:
        return self.direction == "higher"

    @property
    def scored(self) -> tuple[Answer, ...]:
        # A binary target's probability may be submitted as a number.
        return ("probabilities", "numbers") if self.scores == "probabilities" else (self.scores,)

    def value(self, targets: np.ndarray, predictions: np.ndarray, weights: Weights) -> float:
        """Raises Refusal where the function fails, or returns no number."""
        path = CARDS / self.file
        function = load_own(path, self.function)
        with blamed(path, self.function):
            found = function(targets, predictions, weights, **(self.model_extra or {}))
        if not isinstance(found, float | int | np.floating | np.integer):
            raise Refusal(f"{path}: `{self.function}` returned {type(found).__name__}: a metric is a number.")
        if math.isinf(found):
            raise Refusal(f"{path}: `{self.function}` returned {found}: a metric is finite, or NaN where not defined.")
        return float(found)

    def dry_run(self, truths: Sequence[Truth]) -> None:
        targets = next(TARGETS[truth] for truth in truths if truth in TARGETS)()
        try:
            right, wrong = (
                self.score(targets, ANSWERS[self.scores](told)) for told in (targets, np.roll(targets, 1, 0))
            )
            if wrong > right if self.higher_is_better else wrong < right:
                raise Refusal(
                    f"{CARDS / self.file}: `{self.function}` gives right answers {right:g} and wrong ones {wrong:g}, "
                    f"but metric.direction is `{self.direction}`. Write which is better, or correct the function."
                )
        except Refusal as refusal:
            raise Refusal(
                f"{refusal} It was tried on {ROWS} made-up rows with targets of shape {targets.shape}, before any work."
            ) from None


def _labels() -> np.ndarray:
    return np.arange(ROWS) % CLASSES


def _each() -> np.ndarray:
    return np.eye(CLASSES, dtype=np.uint8)[_labels()]


TARGETS: Mapping[Truth, Callable[[], np.ndarray]] = {
    "positive": lambda: np.arange(ROWS) % 2,
    "class": _labels,
    "label": _labels,
    "ranking": _labels,
    "set": _each,
    "labels": lambda: np.column_stack([_labels(), CLASSES + _labels()]),
    "label_distribution": lambda: _each().astype(np.float32),
    "known_numbers": lambda: _each().astype(np.float32),
}
"""Targets, by what they are."""


def _distributions(targets: np.ndarray) -> np.ndarray:
    wide = targets if targets.ndim == 2 else np.eye(targets.max() + 1)[targets]
    return (0.5 * wide + 0.5 / wide.shape[1]).astype(np.float32)


ANSWERS: Mapping[Answer, Callable[[np.ndarray], Any]] = {
    "probabilities": _distributions,
    "column_probabilities": lambda targets: np.full((ROWS, 2 * CLASSES), 1 / CLASSES, np.float32),
    "numbers": lambda targets: targets.astype(np.float32),
    "labels": lambda targets: targets,
    "confident_labels": lambda targets: np.column_stack([targets, np.linspace(0.9, 0.6, ROWS)]),
    "sets": lambda targets: targets == 1,
    "rankings": lambda targets: np.argsort(-_distributions(targets), axis=1, kind="stable"),
}
"""Correct answers."""
