"""What the doctor looks at: a competition read by its card, every image decoded once, pictures that repeat."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from foldline.archive.archives import open_archives, read_manifest
from foldline.card.card import Card
from foldline.card.forms.form import Sample
from foldline.competition.readability import link_images
from foldline.competition.reading import read_competition
from foldline.doctor.card_suspicions import (
    hidden_images,
    labels_alike,
    misspelt_new_class,
    unlearnable_features,
    unlisted_images,
)
from foldline.doctor.contents import contents
from foldline.doctor.diagnosis import understood, unused_columns
from foldline.doctor.pixel_suspicions import pixel_suspicions
from foldline.doctor.suspicions import suspicions, unknown_labels
from foldline.files.places import Places
from foldline.files.refusal import listed
from foldline.folds.duplicates import near_duplicate_pairs
from foldline.pixels.building import build
from foldline.pixels.cache import open_pixels
from foldline.pixels.resizing import PixelForm

SIDE_PIXELS = 64
"""Enough to tell pictures apart; `prepare` decodes at the size of the experiment."""


@dataclass(frozen=True)
class Examination:
    card: Card
    rows: pd.DataFrame
    images: pd.DataFrame
    """rows, images: as in their tables."""
    targets: np.ndarray
    """Of the train rows, in the form of files/rows.py."""
    classes: tuple[str, ...]
    sample: Sample
    pairs: pd.DataFrame
    """first, second: positions of images that show the same."""
    unused: tuple[str, ...]
    """Columns that could be features."""
    namesakes: str
    """What the archives hold in the place of missing images, in words."""
    doubts: tuple[str, ...]
    """What in the card looks wrong, a sentence each."""


def examine(card: Card, places: Places) -> Examination:
    """Raises Refusal with what was found instead when the card does not fit the archives."""
    with open_archives(places.manifest) as archives:
        found = read_competition(archives, card.layout, card.target, card.features, card.submission)
        listing, sample, classes = found.listing, found.sample, found.classes
        unused = unused_columns(card, listing)
        unlisted = list(unlisted_images(archives.names, listing.images["path"]))
    targets = found.targets
    # It refuses weights of classes that there are not, too.
    card.metric.of(classes).refuse_unscorable(targets)
    caches = places.work / "doctor"
    form = PixelForm(SIDE_PIXELS, SIDE_PIXELS, card.layout.channels, "squash", card.layout.range)
    files = read_manifest(places.manifest).names
    built = build(places.archives, files, listing.images["path"].tolist(), form, caches)
    images = link_images(listing.images, built.decoded)
    pixels = open_pixels(caches, built.key, build_again=lambda: None)
    pairs = near_duplicate_pairs(images, pixels)
    doubts = (
        *hidden_images(listing.absences.parts, images),
        *listing.doubts,
        *unlisted,
        *misspelt_new_class(card.target, {*classes, *sample.shown_labels}),
        *labels_alike(classes),
        *unlearnable_features(listing.rows),
        *pixel_suspicions(images, lambda place: pixels[place], card.layout.range),
    )
    instead = listing.absences.instead
    return Examination(card, listing.rows, images, targets, classes, sample, pairs, unused, instead, doubts)


def print_contents(places: Places) -> dict[str, str]:
    """What the archives hold, whether the card fits or not: printed, and returned as data."""
    with open_archives(places.manifest) as archives:
        found = dict(contents(archives))
    _print_table(f"Files in {places.archives}", found.items())
    return found


def print_examination(examination: Examination) -> dict[str, Any]:
    """Prints what was understood and what looks wrong, and returns it as data."""
    seen = (examination.rows, examination.images, examination.targets, examination.classes)
    facts = [*understood(examination.card, *seen, examination.sample), ("unused columns", listed(examination.unused))]
    _print_table(examination.card.title, facts)
    names = examination.card.target.answer_names(examination.classes)
    shown = examination.card.target.shown(examination.targets, examination.classes)
    findings = [
        *examination.doubts,
        *suspicions(*seen, shown, examination.pairs, examination.namesakes),
        *unknown_labels(examination.sample.shown_labels, names),
    ]
    print("Suspicious:" if findings else "Nothing suspicious.", *findings, sep="\n- ")
    return {"understood": dict(facts), "suspicious": findings}


def _print_table(title: str, lines: Iterable[tuple[str, str]]) -> None:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, found in lines:
        table.add_row(escape(name), escape(found))
    Console().print(table)
