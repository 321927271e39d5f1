"""Section `target` of a card: what is predicted."""

from typing import Literal

from foldline.config.section import Section


class Multiclass(Section):
    """Exactly one of C classes; a name in `column`. The classes' order is that of the sample submission's columns."""

    kind: Literal["multiclass"]
    column: str
    group: str | None
    """The column whose equal values must not straddle folds (a patient, a place), or null."""


Target = Multiclass
