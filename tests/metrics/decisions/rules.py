"""Rules as nothing has fitted them yet."""

from typing import Literal

from foldline.metrics.decisions.label_thresholds import Thresholds


def even_thresholds(classes: int, empty: Literal["allowed", "refused"] = "allowed") -> Thresholds:
    return Thresholds(kind="thresholds", thresholds=(0.5,) * classes, empty=empty)
