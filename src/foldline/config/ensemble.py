"""Section `ensemble`: how the folds' predictions become one."""

from typing import Literal

from foldline.config.section import Section


class Ensemble(Section):
    average: Literal["probabilities", "logits"]
    """What is averaged over views and folds."""
