"""What a card makes of its archives: rows, images, classes, and what the grader expects of them."""

from dataclasses import dataclass

from foldline.archive.archives import Archives
from foldline.card.features import Features
from foldline.card.forms.form import Sample
from foldline.card.layout import Layout
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.classes import find_classes
from foldline.competition.layouts import Listing, read_layout
from foldline.competition.sample import read_sample, refuse_other_ids


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
    submission.refuse_other_sample(sample, target, classes)
    texts = listing.rows.loc[listing.rows["part"] == "train", "target"].dropna()
    submission.refuse_outside(target.numbers(texts))
    refuse_other_ids(listing.rows, sample, submission, target.asked_names(classes))
    return Competition(listing, sample, classes)
