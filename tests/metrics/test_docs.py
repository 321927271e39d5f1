"""docs/metrics.md has a line for each metric, of its class: `python -m tests.metrics.test_docs` writes them anew."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from foldline.metrics.metric import METRICS, MetricKind

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
HEAD = "| `metric.kind` | Keys | Best | What it is |"


def lines() -> Iterator[str]:
    yield HEAD
    yield "|---|---|---|---|"
    for name, kind in METRICS.items():
        best = "`direction`" if "direction" in kind.model_fields else "lowest" if kind.is_error else "highest"
        yield f"| `{name}` | {_keys(kind)} | {best} | {_said(kind)} |"


def _said(kind: type[MetricKind]) -> str:
    return " ".join((kind.__doc__ or "").split()).replace("|", "\\|")


def _keys(kind: type[MetricKind]) -> str:
    fields = {field.alias or name: field.examples or [None] for name, field in kind.model_fields.items()}
    examples = {name: example for name, (example, *_) in fields.items() if name != "kind"}
    return (
        f"`{yaml.safe_dump(examples, default_flow_style=True, width=999, sort_keys=False).strip()[1:-1]}`"
        if examples
        else ""
    )


def test_the_table_is_that_of_the_metrics() -> None:
    table = PAGE.read_text().partition(HEAD)
    assert (table[1] + table[2]).splitlines() == list(lines())


def test_every_metric_says_what_it_is() -> None:
    assert all(_said(kind).endswith((".", ").", "`")) for kind in METRICS.values())


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().partition(HEAD)[0] + "\n".join(lines()) + "\n")
