"""What the doctor looks at: a competition read by its card, every image decoded once, and what is odd about it."""

from dataclasses import dataclass

import pandas as pd

from foldline.archive.archives import open_archives, read_manifest
from foldline.card.card import Card
from foldline.competition.competition import Competition, read_competition
from foldline.competition.missing_images import link_images
from foldline.doctor.card_warnings import card_warnings, unlisted_images
from foldline.doctor.data_warnings import data_warnings
from foldline.doctor.diagnosis import facts
from foldline.doctor.pixel_warnings import pixel_warnings
from foldline.files.places import Places
from foldline.folds.assignment import TrainRows, count_train_rows, learnable_images
from foldline.folds.duplicates import near_duplicate_pairs
from foldline.pixels.building import build
from foldline.pixels.cache import CachedPixels, open_pixels
from foldline.pixels.resizing import PixelForm

SIDE_PIXELS = 64
"""Enough to tell images apart; `prepare` decodes at the size of the experiment."""


@dataclass(frozen=True)
class Examination:
    competition: Competition
    images: pd.DataFrame
    """As in their table."""
    pixels: CachedPixels
    """Their cache."""
    pairs: pd.DataFrame
    """Of near-duplicates, indices into it: first, second, difference."""
    facts: dict[str, str]
    """What was understood."""
    warnings: tuple[str, ...]
    """What looks wrong, a sentence each."""
    train_rows: TrainRows
    train_images: int
    test_images: int
    """Both of those that can be read."""


def examine(card: Card, places: Places) -> Examination:
    """Raises Refusal with what was found instead when the card does not fit the archives."""
    with open_archives(places.manifest) as archives:
        found = read_competition(archives, card.layout, card.target, card.features, card.submission)
        unlisted = list(unlisted_images(archives.names, found.listing.images["path"]))
    # It refuses weights of classes that there are not, too.
    card.metric.of(found.classes).refuse_unscorable(found.targets)
    images, pixels = _decoded(card, places, found)
    rows, pairs = found.listing.rows, near_duplicate_pairs(images, pixels)
    shown, instead = card.target.shown(found.targets, found.classes), found.listing.absences.instead
    warnings = [
        *card_warnings(card, found, images),
        *unlisted,
        *pixel_warnings(images, lambda index: pixels[index], card.layout.range),
        *data_warnings(rows, images, found.targets, found.classes, shown, pairs, instead),
    ]
    train_rows, learnable = count_train_rows(rows, images, pairs), len(learnable_images(rows, images))
    test_images = int(images["error"].isna().sum()) - learnable
    said = dict(facts(card, found, images))
    return Examination(found, images, pixels, pairs, said, tuple(warnings), train_rows, learnable, test_images)


def _decoded(card: Card, places: Places, found: Competition) -> tuple[pd.DataFrame, CachedPixels]:
    """The table of images, and the cache."""
    caches = places.work / "doctor"
    form = PixelForm(SIDE_PIXELS, SIDE_PIXELS, card.layout.channels, "squash", card.layout.range)
    paths, archives = found.listing.images["path"].tolist(), read_manifest(places.manifest).names
    built = build(places.archives, archives, paths, form, caches)
    return link_images(found.listing.images, built.decoded), open_pixels(caches, built.key, build_again=lambda: None)
