"""Images that are missing or cannot be read, each with its reason."""

import pandas as pd

from foldline.archive.addresses import shown_address
from foldline.competition.missing_images import unreadable_files
from foldline.files.refusal import counted
from foldline.report.page import Part, Section, Table, Words

MOST_FILES = 60


def unreadable_images(images: pd.DataFrame, elsewhere: str = "") -> Section:
    """images: as in their table. elsewhere: a sentence, where all of them are listed."""
    files, found = images["path"].nunique(), unreadable_files(images)
    if found.empty:
        return Section("unreadable", f"Each of {counted(files, 'image', 'images')} can be read", "", [])
    shown = [[shown_address(path), error] for path, error in found.head(MOST_FILES).to_numpy().tolist()]
    reasons = [[reason, f"{count:,}"] for reason, count in found["error"].value_counts().head(MOST_FILES).items()]
    body: list[Part] = [Table(("Image", "Why"), shown)]
    if len(found) > MOST_FILES:
        body = [Table(("Why", "Images"), reasons), *body, Words(f"Shown are {MOST_FILES} of them.{elsewhere}")]
    return Section(
        "unreadable", f"{len(found):,} of {files:,} images cannot be read", "They are blank to a model.", body
    )
