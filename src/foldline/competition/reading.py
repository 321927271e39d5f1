"""What a card makes of its archives: rows, images, classes, and what the grader expects of them."""

from dataclasses import dataclass

from foldline.archive.archives import Archives
from foldline.card.features import Features
from foldline.card.layout import Layout
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.answer_columns import asked_names
from foldline.competition.classes import find_classes
from foldline.competition.layouts import Listing, read_layout
from foldline.competition.range_fit import refuse_outside
from foldline.competition.sample import Sample, read_sample
from foldline.competition.sample_fit import refuse_other_columns, refuse_other_ids


@dataclass(frozen=True)
class Competition:
    listing: Listing
    sample: Sample
    classes: tuple[str, ...]


def read_competition(
    archives: Archives, layout: Layout, target: Target, features: Features | None, submission: Submission
) -> Competition:
    """Decodes nothing. Raises Refusal when these facts do not fit the archives, or each other."""
    listing = read_layout(archives, layout, target, features)
    classes = find_classes(archives, listing.rows, target, submission)
    sample = read_sample(archives, submission)
    refuse_other_columns(sample, submission, target, classes)
    refuse_outside(listing.rows, target, submission)
    refuse_other_ids(listing.rows, sample, submission, asked_names(classes, target))
    return Competition(listing, sample, classes)
