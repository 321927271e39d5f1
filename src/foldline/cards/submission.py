"""Section `submission` of a card: the form of the csv that the grader takes."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from foldline.config.section import Section


class _Form(Section):
    sample: str
    """The path of the sample submission in the competition's files."""
    id: str
    """Its id column."""
    extra_columns: Literal["ignored", "refused"]
    """What the grader does with columns that the sample submission has not; `refused` where nothing is known."""


class ClassProbabilities(_Form):
    """An id and a column of probabilities per class; each row sums to one unless the target is multilabel."""

    kind: Literal["class_probabilities"]


class Number(_Form):
    """An id and one number: the positive class's probability, or the value itself."""

    kind: Literal["number"]
    range: tuple[float, float] | None
    """The lowest and the highest number that the grader takes, or null when it takes any."""

    @model_validator(mode="after")
    def _rises(self) -> "Number":
        if self.range is not None and self.range[0] >= self.range[1]:
            raise ValueError(f"submission.range is {list(self.range)}: the lowest number comes first")
        return self


class HardLabel(_Form):
    """An id and one label."""

    kind: Literal["label"]


class LabelSet(_Form):
    """An id and the labels of a set, space-separated."""

    kind: Literal["label_set"]
    empty: Literal["allowed", "refused"]
    """Whether a row may have no label at all; where not, it gets the likeliest one."""


class Ranking(_Form):
    """An id and the likeliest labels in order, space-separated."""

    kind: Literal["ranking"]
    length: Annotated[int, Field(ge=1)]
    """How many labels are written, at most."""


Submission = Annotated[
    ClassProbabilities | Number | HardLabel | LabelSet | Ranking,
    Field(discriminator="kind"),
]
