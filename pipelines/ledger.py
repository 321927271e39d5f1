"""List the uploads: what submissions/ledger.csv says of each, the latest last.

An upload of which nothing is known but that it began is `intended`: `foldline submit` finds out.
Reads submissions/ledger.csv; writes nothing.

foldline ledger --competition dog-breed-identification
"""

import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from foldline.files.lasting import repository
from foldline.files.places import LEDGER
from foldline.kaggle.ledger import latest, read_ledger
from pipelines.answers import Answer
from pipelines.running import parser, run

TO_THE_MINUTE = len("2026-11-30T12:00")


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--competition", metavar="SLUG", help="of this one alone (default: of all)")
    wanted: str | None = arguments.parse_args().competition
    entries = [one for one in read_ledger(repository(os.environ, Path()) / LEDGER) if wanted in (None, one.competition)]
    uploads = latest(entries)
    if not uploads:
        print("No uploads yet.")
        return {"uploads": []}
    # Nothing is cut off: a run's id is looked for by it.
    table = Table(box=None, padding=(0, 2, 0, 0), show_edge=False)
    for title in ("first seen (UTC)", "competition", "run", "number", "state", "public score"):
        table.add_column(title, overflow="fold", no_wrap=title in ("first seen (UTC)", "run"))
    for first, last in uploads:
        seen = first.time[:TO_THE_MINUTE].replace("T", " ")
        table.add_row(*map(Text, (seen, last.competition, last.run_id, last.ref, last.event, last.public_score)))
    Console().print(table)
    return {"uploads": [{**asdict(last), "first_seen": first.time} for first, last in uploads]}


if __name__ == "__main__":
    run(main)
