"""List the uploads: what submissions/ledger.csv says of each, the latest last.

An upload of which nothing is known but that it began is `intended`: `foldline submit` finds out.
Reads submissions/ledger.csv; writes nothing.

foldline ledger --competition dog-breed-identification
"""

import os
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from foldline.files.lasting import repository
from foldline.files.places import LEDGER
from foldline.kaggle.ledger import latest, read_ledger, to_the_minute
from pipelines.answers import Answer
from pipelines.running import parser, run
from pipelines.tables import narrow_table


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("--competition", metavar="SLUG", help="of this one alone (default: of all)")
    wanted: str | None = arguments.parse_args().competition
    entries = [one for one in read_ledger(repository(os.environ, Path()) / LEDGER) if wanted in (None, one.competition)]
    uploads = latest(entries)
    if not uploads:
        print("No uploads yet.")
        return {"uploads": []}
    titles = ("first seen (UTC)", "competition", "run", "number", "state", "public score")
    table = narrow_table(titles, ("first seen (UTC)", "run"))  # a run's id is looked for by it
    for first, last in uploads:
        table.add_row(
            *map(
                Text,
                (to_the_minute(first.time), last.competition, last.run_id, last.ref, last.event, last.public_score),
            )
        )
    Console().print(table)
    return {"uploads": [{**asdict(last), "first_seen": first.time} for first, last in uploads]}


if __name__ == "__main__":
    run(main)
