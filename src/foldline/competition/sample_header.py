"""The sample submission's columns by name, and those whose name its first line leaves empty."""

import re

from foldline.archive.archives import Archives
from foldline.archive.table_files import header_fields
from foldline.card.submission import Submission
from foldline.files.refusal import Refusal, listed

NAMED_BY_PLACE = re.compile(r"Unnamed: \d+(\.\d+)?")
"""What pandas calls a column without a name; but a table that was saved with such a column may name it so itself."""


def sample_columns(archives: Archives, form: Submission) -> tuple[str, ...]:
    """In the file's order. Raises Refusal for a column without a name of which the card does not say what it is: it
    would pass for a class."""
    columns = form.sample.header(archives)
    unsaid = [name for name in nameless_columns(archives, form, columns) if name not in (form.id, *form.copied)]
    if unsaid:
        names = ", ".join(f'"{name}"' for name in (*form.copied, *unsaid))
        raise Refusal(
            f"{archives.folder}: the first line of `{form.sample.name}` leaves a name empty, as of a table that was "
            f"saved with its index: {listed(unsaid)} among {listed(columns)}. Write `copied: [{names}]` into the "
            "card's submission, which then has it as the sample does; or name it as submission.id."
        )
    return columns


def nameless_columns(archives: Archives, form: Submission, columns: tuple[str, ...]) -> tuple[str, ...]:
    """Of the sample's `columns` those whose name is empty in its first line."""
    if form.sample.names is not None or not any(map(NAMED_BY_PLACE.fullmatch, columns)):
        return ()
    fields = header_fields(archives.read(form.sample.name), form.sample.name)
    return tuple(name for name, field in zip(columns, fields, strict=False) if not field)
