"""How many of the miniature competitions `foldline new` writes a card for that needs no edit, or one.

An edit is one of: the train part, the test part, the target, the form of submission, the metric, channels and range.
A part is right where the drafted card reads what the shipped one reads: the same images with the same targets, the
same test rows, the same kinds.

python -m benchmarks.card_drafts    prints a line per competition
"""

import tempfile
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.figures import Figure
from foldline.archive.archives import Archives
from foldline.card.card import Card, read_card
from foldline.competition.competition import read_competition
from foldline.doctor.card_draft import draft_card
from foldline.files.places import CARDS
from foldline.files.refusal import Refusal
from foldline.params.section import parse

UNREADABLE = "cannot be read"


def measure() -> list[Figure]:
    edits = Counter(min(len(found), 2) if UNREADABLE not in found else 2 for found in edits_by_card().values())
    how = f"{edits.total()} miniature competitions, drawn from memory, against their shipped cards"
    right, nearly = edits[0] / edits.total(), (edits[0] + edits[1]) / edits.total()
    return [
        Figure("Cards that `foldline new` writes and that need no edit", right, 0.3, True, "of all", how),
        Figure("the same: at most one", nearly, 0.4, True, "of all", how),
    ]


def edits_by_card() -> dict[str, list[str]]:
    """For each card with a miniature, what a person would have to correct."""
    found: dict[str, list[str]] = {}
    for path in sorted(CARDS.glob("*.yaml")):
        name = f"tests.competitions.test_{path.stem.lower().replace('-', '_')}"
        try:
            files = import_module(name).draw().files
        except (ModuleNotFoundError, AttributeError, TypeError):
            continue  # no miniature, or one of several sizes
        with tempfile.TemporaryDirectory() as folder:
            for file, content in files.items():
                (Path(folder) / file).write_bytes(content)
            with Archives(Path(folder), list(files)) as archives:
                found[path.stem] = list(edits(archives, read_card(path)))
    return found


def edits(archives: Archives, shipped: Card) -> Iterator[str]:
    try:
        text = draft_card(archives, shipped.slug, {"kind": "kaggle"}).text()
        drafted = parse(yaml.safe_load(text), Card, "the draft")
        train, test, targets = _read(archives, drafted)
    except Refusal as refusal:
        yield UNREADABLE
        yield str(refusal)
        return
    its_train, its_test, its_targets = _read(archives, shipped)
    if train != its_train:
        yield "layout.train"
    elif not _are_equal(targets, its_targets) or drafted.target.kind != shipped.target.kind:
        yield "target"
    if test != its_test:
        yield "layout.test"
    if drafted.submission.kind != shipped.submission.kind:
        yield "submission"
    if drafted.metric.kind != shipped.metric.kind:
        yield "metric"
    if (drafted.layout.channels, drafted.layout.range) != (shipped.layout.channels, shipped.layout.range):
        yield "channels or range"


def _are_equal(targets: np.ndarray, others: np.ndarray) -> bool:
    return np.array_equal(targets, others, equal_nan=targets.dtype.kind == others.dtype.kind == "f")


def _read(archives: Archives, card: Card) -> tuple[list[str], list[tuple[str, str]], Any]:
    """The train images' paths in order, pairs of a test row and its image, and the train images' targets."""
    found = read_competition(archives, card.layout, card.target, None, card.submission)
    rows, images = found.listing.rows, found.listing.images
    of_train = (rows["part"] == "train").to_numpy()[images["row"]]
    train, test = images[of_train].sort_values("path", kind="stable"), images[~of_train]
    pairs = sorted(zip(rows["row_id"].to_numpy()[test["row"]], test["path"], strict=True))
    return list(train["path"]), pairs, found.targets[train["row"].to_numpy()]


if __name__ == "__main__":
    for slug, corrections in edits_by_card().items():
        print(f"{slug}: {'; '.join(corrections) or 'no edit'}")
