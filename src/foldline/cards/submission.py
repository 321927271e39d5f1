"""Section `submission` of a card: the form of the csv that the grader takes."""

from typing import Annotated, Literal

from pydantic import Field

from foldline.config.section import Section


class ClassProbabilities(Section):
    """An id and a column of probabilities per class; each row sums to one."""

    kind: Literal["class_probabilities"]
    sample: str
    id: str


class HardLabel(Section):
    """An id and one label."""

    kind: Literal["label"]
    sample: str
    id: str


Submission = Annotated[ClassProbabilities | HardLabel, Field(discriminator="kind")]
