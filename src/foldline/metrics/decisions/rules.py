"""Rules, from predictions to the answers that a submission holds: data, which `clip` writes and `format` reads."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import TypeAdapter

from foldline.files.whole_files import read_json, write_json
from foldline.metrics.metric_and_rule import RuleKind
from foldline.metrics.truths_and_answers import FirstRule
from foldline.params.kinds import union_of
from foldline.params.section import parse


class AsPredicted(RuleKind):
    """The predictions themselves."""

    kind: Literal["as_predicted"]

    def __call__(self, predictions: Float32[np.ndarray, "rows outputs"]) -> Float32[np.ndarray, "rows outputs"]:
        return predictions


Rule = Annotated[RuleKind, union_of("foldline.metrics.decisions", RuleKind)]
"""Called with predictions (rows, outputs), float32. Its answers: labels int64 (rows,) or (rows, columns), these with
confidences float64 (rows, 2), sets bool (rows, classes), rankings int64 (rows, length), values float32 (rows,), or the
predictions. All but confidences and values are positions of classes."""


def rule_of(fact: FirstRule) -> Rule:
    return TypeAdapter(Rule).validate_python(fact)


def write_rule(path: Path, rule: Rule) -> None:
    write_json(path, rule.model_dump(mode="json"))


def read_rule(path: Path) -> Rule:
    """Raises Refusal when the file is missing or holds no rule."""
    return parse(read_json(path), Rule, str(path))
