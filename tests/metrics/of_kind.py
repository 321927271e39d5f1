"""Metrics as tests name them."""

from collections.abc import Callable, Sequence
from typing import Any

from foldline.metrics.metric import METRICS, Metric
from foldline.params.section import parse


def metric_of_kind(kind: str, classes: Sequence[str] = (), **keys: Any) -> Metric:
    """With the keys that its card would have."""
    return parse({"kind": kind, **keys}, Metric, "card").of(classes)


def scored(kind: str, classes: Sequence[str] = (), **keys: Any) -> Callable[..., float]:
    """Its `score`."""
    return metric_of_kind(kind, classes, **keys).score


def example_of(kind: str, classes: Sequence[str]) -> Metric:
    """With its keys' examples; null for one without."""
    fields = {name: field for name, field in METRICS[kind].model_fields.items() if name != "kind"}
    return metric_of_kind(kind, classes, **{name: (field.examples or [None])[0] for name, field in fields.items()})
