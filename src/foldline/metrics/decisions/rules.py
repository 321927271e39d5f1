"""Rules, from predictions to the answers that a submission holds: data, which `clip` writes and `format` reads."""

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from jaxtyping import Float32
from pydantic import Field

from foldline.files.whole_files import read_json, write_json
from foldline.metrics.decisions.cut_points import CutPoints
from foldline.metrics.decisions.labels import MostProbable, MostProbableWithConfidence, WeightedClasses
from foldline.metrics.decisions.new_labels import LabelOrNew
from foldline.metrics.decisions.rankings import TopClasses, TopClassesOrNew
from foldline.metrics.decisions.sets import Thresholds
from foldline.metrics.decisions.several_labels import LabelOfEach
from foldline.metrics.decisions.values import HardPositive, PositiveProbability, WithinRange
from foldline.params.section import Section, parse


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


def write_rule(path: Path, rule: Rule) -> None:
    write_json(path, rule.model_dump(mode="json"))


def read_rule(path: Path) -> Rule:
    """Raises Refusal when the file is missing or holds no rule."""
    return parse(read_json(path), Rule, str(path))
