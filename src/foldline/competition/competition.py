"""What a card makes of its archives: rows, images, classes, and what the grader expects of them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from foldline.archive.archives import Archives
from foldline.card.features import Features
from foldline.card.forms.form import Sample
from foldline.card.layout import Layout
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.layouts import Listing, read_layout
from foldline.competition.sample import columns_of_sample, read_sample, refuse_other_ids


@dataclass(frozen=True)
class Competition:
    listing: Listing
    """Its rows in the form of files/rows.py."""
    targets: np.ndarray
    """Of the train rows, in the form of files/rows.py."""
    classes: tuple[str, ...]
    sample: Sample
    elsewhere: tuple[str, ...]
    """What the card names by paths that are not the archives', each with where it is, in words."""
    tables: Mapping[str, tuple[str, ...]]
    """Of each table that was read how many lines and rows it has, then what is odd, a sentence each."""


def read_competition(
    archives: Archives, layout: Layout, target: Target, features: Features | None, submission: Submission
) -> Competition:
    """Decodes nothing. Raises Refusal when these facts do not fit the archives, or each other."""
    listing = read_layout(archives, layout, target, features)
    target = listing.target
    found = listing.rows.loc[listing.rows["part"] == "train", "target"]
    classes = target.classes(found, columns_of_sample(archives, submission))
    sample = read_sample(archives, submission)
    submission.refuse_other_sample(sample, target, classes)
    submission.refuse_outside(target.numbers(found))
    refuse_other_ids(listing.rows, sample, submission, target.asked_names(classes))
    listing = replace(listing, rows=listing.rows.drop(columns="target"))
    elsewhere = (*(f"{name} is {there}" for name, there in archives.elsewhere.items()), *listing.elsewhere)
    encoded, tables = target.encode(found, classes), dict(archives.said)
    return Competition(listing, encoded, classes, sample, elsewhere, tables)
