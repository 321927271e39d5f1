"""Section `metric` of a card: how the competition scores, as one of the kinds of metrics/kinds."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from foldline.metrics.metric_and_rule import MetricKind
from foldline.params.kinds import by_kind, union_of

OTHERWISE: Mapping[str, str] = {
    "error_rate": "it is 1 - accuracy. Write `accuracy`, which is best where it is",
    "gini": "it is 2 auc - 1. Write `auc`, which is best where it is",
    "kappa": "write `cohen_kappa`, or for levels in order `quadratic_kappa` or `linear_kappa`",
    "micro_f1": "it is accuracy where each row has one label. Write `accuracy`, or for sets `multilabel_micro_f1`",
}
OF_K = re.compile(r"top_?(?P<k>\d+)_(?P<what>accuracy|error)")


def refuse_other_name(fact: Any) -> Any:
    """`fact` as it is. Raises ValueError for a name of a metric that is not its name here, or a function of another."""
    name = fact.get("kind") if isinstance(fact, Mapping) else None
    cure = _cure(name.casefold().replace("-", "_").replace(" ", "_")) if isinstance(name, str) else None
    if cure is not None:
        raise ValueError(f"`metric.kind` is {name!r}: {cure}")
    return fact


def _cure(name: str) -> str | None:
    of_k = OF_K.fullmatch(name)
    if of_k is not None:
        return f"write `{{kind: top_k_{of_k['what']}, k: {of_k['k']}}}`"
    return f"write `{SAME[name]}`" if name in SAME else OTHERWISE.get(name)


Metric = Annotated[MetricKind, union_of("foldline.metrics.kinds", MetricKind), BeforeValidator(refuse_other_name)]

METRICS = by_kind(Metric, MetricKind)
SAME: Mapping[str, str] = {other: name for name, kind in METRICS.items() for other in kind.other_names}
"""From another name of a metric to its name here."""
