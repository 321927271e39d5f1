from typing import Literal

from foldline.training.pretext_kind import Pretext


class NoPretext(Pretext):
    """Trainings begin with what the section `weights` says."""

    kind: Literal["none"]
