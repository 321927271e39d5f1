"""What a card's competition consists of, as the doctor says it: a line per fact."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from foldline.card.card import Card
from foldline.card.sources import LINE, ROW
from foldline.competition.competition import Competition
from foldline.competition.layouts import Listing
from foldline.files.refusal import listed
from foldline.files.rows import TABULAR, tabular_columns

SHOWN_CLASSES = 3
SHOWN_COLUMNS = 6
SHOWN_FEATURES = 6


def facts(card: Card, found: Competition, images: pd.DataFrame) -> Iterator[tuple[str, str]]:
    """Pairs of a name and what was found under it. images: as in their table."""
    rows, sample = found.listing.rows, found.sample
    train = int((rows["part"] == "train").sum())
    yield from ((name, said[0]) for name, said in found.tables.items())
    yield "rows", f"{train:,} train, {len(rows) - train:,} test"
    yield "images", _images_per_row(images)
    yield "sizes", _sizes(images)
    yield "channels", _channels(card.layout.channels)
    yield "target", f"{card.target.kind}: {_targets(found.targets, found.classes)}"
    best = f"{'highest' if card.metric.higher_is_better else 'lowest'} {card.metric.name} is best"
    order = "" if sample.has_header else f"the card alone says that its columns are {listed(sample.columns)}"
    yield "direction", "; ".join(filter(None, (card.target.direction(), best, order)))
    yield "group", _groups(rows, card.target.group)
    yield "features", _features(rows)
    yield "metric", card.metric.kind
    columns = sample.predicted(card.submission)
    yield (
        "submission",
        f"{card.submission.kind}: {len(sample.ids):,} rows, {card.submission.id} and {listed(columns, 3)}",
    )
    if found.elsewhere:
        yield "found elsewhere", listed(found.elsewhere)
    yield "unused columns", listed(unused_columns(card, found.listing))


def _channels(channels: int) -> str:
    return {1: "1 (grey)", 3: "3 (RGB)"}.get(channels, str(channels))


def _images_per_row(images: pd.DataFrame) -> str:
    counts = images.groupby("row").size()
    least, most = int(counts.min()), int(counts.max())
    per_row = f"{least} per row" if least == most else f"{least} to {most} per row"
    return f"{images['path'].nunique():,}, {per_row}"


def _sizes(images: pd.DataFrame) -> str:
    """Height x width of the most frequent size and the range of all."""
    readable = images[images["error"].isna()].drop_duplicates("path")
    if readable.empty:
        return "no image can be read"
    counts = readable.value_counts(["height", "width"])
    (height, width), fraction = counts.index[0], counts.iloc[0] / len(readable)
    if len(counts) == 1:
        return f"all {height} x {width} pixels (height x width)"
    heights, widths = readable["height"], readable["width"]
    return (
        f"{fraction:.0%} are {height} x {width} pixels (height x width); heights {heights.min()} to {heights.max()}, "
        f"widths {widths.min()} to {widths.max()}"
    )


def _targets(targets: np.ndarray, classes: tuple[str, ...]) -> str:
    counts = class_counts(targets, classes)
    if counts is None:
        return listed((_numbers(name, column) for name, column in zip(classes, targets.T, strict=True)), SHOWN_COLUMNS)
    often = counts.sort_values(ascending=False, kind="stable")
    shown = pd.concat([often.head(SHOWN_CLASSES), often.iloc[SHOWN_CLASSES:].tail(SHOWN_CLASSES)])
    dots = ", the rarest last" if len(often) > len(shown) else ""
    missing = int((targets < 0).sum())
    gaps = f"; {missing:,} labels are missing" if missing else ""
    return f"{len(classes):,} classes{dots}: {listed(f'{name} ({count:,})' for name, count in shown.items())}{gaps}"


def _numbers(name: str, values: np.ndarray) -> str:
    known = values[~np.isnan(values)]
    missing = f", {len(values) - len(known):,} missing" if len(known) < len(values) else ""
    return f"{name} from {known.min():g} to {known.max():g}, median {np.median(known):g}{missing}"


def class_counts(targets: np.ndarray, classes: tuple[str, ...]) -> pd.Series | None:
    """How many train rows each class has, by its name; None for numbers as the target."""
    if targets.dtype.kind == "f":
        return None
    if targets.dtype.kind == "u":
        return pd.Series(targets.sum(axis=0, dtype=np.int64), index=list(classes))
    counts = np.bincount(targets[targets >= 0], minlength=len(classes))
    return pd.Series(counts, index=list(classes))


def _groups(rows: pd.DataFrame, column: str | None) -> str:
    sizes = rows.loc[rows["part"] == "train", "group"].value_counts()
    if column is None or sizes.empty:
        return "none"
    return f"{column}: {len(sizes):,} of up to {sizes.iloc[0]:,} rows"


def _features(rows: pd.DataFrame) -> str:
    return listed(
        (_feature(column.removeprefix(TABULAR), rows[column]) for column in tabular_columns(rows)), SHOWN_FEATURES
    )


def _feature(name: str, values: pd.Series) -> str:
    """`age (10 to 90, 2% missing)`, `sex (2 categories)`"""
    is_number = values.dtype.kind == "f"
    found = f"{values.min():g} to {values.max():g}" if is_number else f"{values.nunique():,} categories"
    missing = f", {values.isna().mean():.0%} missing" if values.isna().any() else ""
    return f"{name} ({found}{missing})"


def unused_columns(card: Card, listing: Listing) -> tuple[str, ...]:
    """Those that both train and test rows have, and that no key of the card names."""
    used = {LINE, ROW, *(column for _, column in listing.target.named_columns())}
    used |= {column.removeprefix(TABULAR) for column in tabular_columns(listing.rows)}
    texts = list(_texts(card.model_dump(exclude={"title", "host"})))
    return tuple(
        name
        for name in listing.shared
        if name not in used
        and not any(text == name or re.search(rf"{{{re.escape(name)}[][}}.:]", text) for text in texts)
    )


def _texts(value: Any) -> Iterator[str]:
    """Every text within a section of a card, at any depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
