"""The doctor's page: what it understood and what looks wrong, and the pictures to judge that by."""

from pathlib import Path

from foldline.card.card import Card
from foldline.doctor.examination import Examination
from foldline.files.refusal import counted
from foldline.folds.duplicates_table import list_duplicates
from foldline.report.page import Section, Table, Words, write_page
from foldline.report.pictures import Pictures
from foldline.report.prepared import Prepared, counts
from foldline.report.sections.class_sheets import class_sheets
from foldline.report.sections.near_duplicates import near_duplicates
from foldline.report.sections.unreadable import unreadable_images

SEED = 0


def write_doctor_page(path: Path, card: Card, found: Examination) -> None:
    competition, images, pictures = found.competition, found.images, Pictures(found.pixels)
    rows = competition.listing.rows
    prepared = Prepared(rows, images, card.target, competition.targets, competition.classes, found.pixels)
    title = counted(len(found.warnings), "warning", "warnings") if found.warnings else "Nothing looks wrong"
    sections = [
        Section("warnings", title, "", [Words(warning) for warning in found.warnings]),
        Section("understood", "What was understood", "", [Table(("", "found"), [*map(list, found.facts.items())])]),
        class_sheets(prepared, pictures, SEED),
        near_duplicates(list_duplicates(rows, prepared.shown, images, found.pairs), images, pictures),
        unreadable_images(images),
    ]
    summary = f"{card.title}: what the card makes of the data, before there is an experiment."
    write_page(path, f"{card.slug}: the doctor", summary, sections, keys=counts(prepared), pictures=pictures)
