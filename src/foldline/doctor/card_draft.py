"""A first card from a competition's files, each guess marked as one.

The sample submission says the ids and the form of an answer, a table (or the folders) the labels, the paths how an id
becomes an image. What files cannot say (the metric, the group, the symmetries) is the likeliest; a person corrects it,
and the doctor says what does not fit.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from textwrap import indent
from typing import Any

import pandas as pd
import yaml

from foldline.archive.archives import Archives
from foldline.doctor.drafted_layout import Drafted, Table, draft_layout, sample_of, tables_in
from foldline.doctor.drafted_target import Asked, draft_target
from foldline.files.refusal import Refusal, listed

MOST_NAMED = 20
METRIC = "A guess from the sample's form: the competition's page names the metric (docs/metrics.md)."
SYMMETRIES = "The views under which a label stays true, such as horizontal_flip; none is assumed."


@dataclass(frozen=True)
class Draft:
    parts: Mapping[str, Any]
    """The card's keys and what they hold."""
    remarks: Mapping[str, str]
    """By a key of the card: what was guessed there, and what else may be meant."""

    def text(self) -> str:
        """The card as people write it, a comment above each part that holds a guess."""
        lines: list[str] = []
        for name, value in self.parts.items():
            lines += [f"# {remark}" for remark in self.remarks.get(name, "").splitlines()]
            lines.append(_yaml(name, value))
        return "\n".join(lines) + "\n"


def draft_card(archives: Archives, slug: str, host: Mapping[str, Any]) -> Draft:
    """Raises Refusal when there is no sample submission, or no way from a table or a folder to images."""
    unread: list[str] = []
    tables = list(tables_in(archives, unread))
    try:
        return _draft_of(tables, unread, archives, slug, host)
    except Refusal as refusal:
        raise Refusal("\n".join([str(refusal), *unread])) from None


def _draft_of(tables: list[Table], unread: list[str], archives: Archives, slug: str, host: Mapping[str, Any]) -> Draft:
    sample = sample_of(tables, archives)
    if len(sample.lines.columns) < 2:
        raise Refusal(f"{archives.folder}: the sample `{sample.name}` has one column, which asks for nothing.")
    ids = _ids(sample.lines)
    layout = draft_layout([table for table in tables if table is not sample], sample, ids, archives)
    asked = draft_target(layout.labels, sample.lines.drop(columns=[ids.name]))
    form = {"sample": sample.name, "id": str(ids.name), "extra_columns": "ignored"}
    copied = {"copied": list(sample.index)} if sample.index else {}
    parts = {
        "slug": slug,
        "title": slug,
        "host": dict(host),
        "layout": {
            "channels": layout.channels,
            "range": None,
            "aggregate": "mean",
            "train": layout.train,
            "test": layout.test,
        },
        "target": {**asked.target, "group": None},
        "features": None,
        "metric": asked.metric,
        "submission": {**asked.submission, **form, **copied},
        "symmetries": [],
    }
    return Draft(parts, dict(_remarks(layout, unread, asked)))


def _ids(sample: pd.DataFrame) -> pd.Series:
    """The first column whose values are all different; the first, where none is."""
    unique = [name for name in sample.columns if sample[name].is_unique]
    return sample[unique[0] if unique else sample.columns[0]]


def _remarks(layout: Drafted, unread: list[str], asked: Asked) -> Iterator[tuple[str, str]]:
    """What was guessed, and what the columns that are not used may be."""
    labels, used = layout.labels, {*asked.columns, *_names_in(layout.train)}
    others = [str(name) for name in labels.columns if str(name) not in used]
    groups = [name for name in others if 1 < labels[name].nunique() < len(labels)]
    group = f"`group` may be one of {listed(groups, MOST_NAMED)}: rows that must not straddle folds." if groups else ""
    shared = [name for name in others if name in layout.test_columns]
    if layout.remark:
        yield "layout", "\n".join([layout.remark, *unread])
    if asked.remark or group:
        yield "target", "\n".join(filter(None, (asked.remark, group)))
    if shared:
        yield "features", f"Train and test rows both have {listed(shared, MOST_NAMED)}."
    yield "metric", METRIC
    yield "symmetries", SYMMETRIES


def _names_in(part: Mapping[str, Any]) -> Iterator[str]:
    """The columns that a part of the layout names, as far as a template shows them."""
    for value in part.values():
        if isinstance(value, str):
            yield from (piece.partition("}")[0] for piece in value.split("{")[1:]) if "{" in value else (value,)


def _yaml(name: str, value: object) -> str:
    """Keys a line each, what they hold in braces."""
    if not isinstance(value, dict):
        return yaml.safe_dump({name: value}, default_flow_style=False).rstrip()
    body = yaml.safe_dump(value, sort_keys=False, default_flow_style=None, width=120).rstrip()
    return f"{name}: {body}" if body.startswith("{") else f"{name}:\n{indent(body, '  ')}"
