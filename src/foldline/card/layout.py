"""Section `layout` of a card: where rows and images lie in the competition's files.

Each part says its own kind (layouts/). Whatever it is, it gives *columns* (of a table, named groups of a pattern, keys
of records), and the card's other sections name these. Paths are those in the archives, which
`foldline doctor` lists.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from foldline.card.layouts.part import Part
from foldline.card.templates import as_list
from foldline.params.kinds import union_of
from foldline.params.section import Range, Section

AnyPart = Annotated[Part, union_of("foldline.card.layouts", Part)]


Parts = Annotated[tuple[AnyPart, ...], BeforeValidator(as_list), Field(min_length=1)]
"""A part, or a list of them whose lines follow each other."""


class Layout(Section):
    """`{channels: 3, range: null, aggregate: mean, train: {...}, test: {...}}`"""

    channels: Annotated[int, Field(ge=1, le=512)]
    """How many channels the model gets: 3 is RGB, 1 is grey; others must be what the files hold."""
    range: Range
    """null: images of bytes (0 to 255; wider samples keep their high byte, DICOM its own window). Two numbers:
    samples are numbers, and these become 0 and 255 for the model, in half precision, without clipping: [-50, 50]."""
    aggregate: Literal["mean", "max"]
    """How the predictions of a row's images become the row's."""
    train: Parts
    test: Parts

    @model_validator(mode="after")
    def _names_a_file_per_channel(self) -> "Layout":
        for part in (*self.train, *self.test):
            if part.files_per_image not in (1, self.channels):
                raise ValueError(
                    f"a `path` of layout names {part.files_per_image} files for an image, but layout.channels is "
                    f"{self.channels}: each file gives one channel, a colour image its grey. Make them equal"
                )
        return self


def named_parts(parts: Sequence[Part], fact: str) -> list[tuple[str, Part]]:
    """Each with its place in the card."""
    return [(fact, parts[0])] if len(parts) == 1 else [(f"{fact}[{number}]", part) for number, part in enumerate(parts)]
