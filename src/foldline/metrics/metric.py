"""Section `metric` of a card: how the competition scores, as one of the kinds of metrics/kinds."""

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator

from foldline.metrics.metric_and_rule import MetricKind
from foldline.params.kinds import by_kind, union_of


def refuse_other_name(fact: Any) -> Any:
    """`fact` as it is. Raises ValueError for a name of a metric that is not its name here, or a function of another."""
    name = fact.get("kind") if isinstance(fact, Mapping) else None
    if isinstance(name, str) and name not in METRICS:
        meant = list(_meant(name.casefold().replace("-", "_").replace(" ", "_")))
        if meant:
            raise ValueError(f"`metric.kind` is {name!r}: write {' or '.join(meant)}")
    return fact


def _meant(name: str) -> Iterator[str]:
    """The kinds that are known by this name, as a card writes them, and how they differ from what it means."""
    for kind, metric in METRICS.items():
        for other, difference in metric.other_names.items():
            found = re.fullmatch(other, name)
            if found is not None:
                keys = "".join(f", {key}: {value}" for key, value in found.groupdict().items())
                written = f"`{{kind: {kind}{keys}}}`" if keys else f"`{kind}`"
                yield f"{written} ({difference})" if difference else written


Metric = Annotated[MetricKind, union_of("foldline.metrics.kinds", MetricKind), BeforeValidator(refuse_other_name)]

METRICS = by_kind(Metric, MetricKind)
