"""Fetch the competition's files from Kaggle: whole and checked, or not at all.

Reads:  Kaggle (or, with --from, files that you already have); the card's `host`
Writes: input/<slug>/, with manifest.json (names, sizes, sha256)
Params: none but `competition`, unless --competition names one

After --from, `dvc repro check` and `dvc commit -f download` tell DVC to keep what was put there.
"""

from pathlib import Path

from foldline.card.card import refuse_absent_card
from foldline.card.host import Host
from foldline.kaggle.connection import connect
from foldline.kaggle.downloads import adopt, download
from pipelines import running
from pipelines.answers import Answer

BY_HAND = "`foldline download --from FOLDER_OR_ZIP` takes files that you have."
KEEP = "dvc repro check && dvc commit -f download"


def main() -> Answer:
    parser = running.parser(__doc__)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER_OR_ZIP", help="take these files")
    parser.add_argument("--competition", metavar="SLUG", help="a card's slug (default: that of params.yaml)")
    given = parser.parse_args()
    source, settings = given.source, running.settings_of(given.competition)
    places = settings.places
    refuse_absent_card(settings.card)
    if source is not None:
        manifest = adopt(source, settings.slug, places.archives)
    else:
        with connect(settings.fact("host", Host), places, BY_HAND) as kaggle:
            manifest = download(kaggle, settings.slug, places.archives)
    size = sum(file.bytes for file in manifest.files)
    print(f"{places.archives}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
    commands, why = _next(settings) if source is not None else (None, "")
    if commands:
        print(f"next: {commands}    ({why})")
    return {"folder": places.archives, "files": len(manifest.files), "bytes": size, "next": commands}


def _next(settings: running.Settings) -> tuple[str, str]:
    """What tells DVC to keep files that were put there, and why it is that."""
    current = running.read_settings().slug if settings.params.exists() else None
    if current == settings.slug:
        return KEEP, "DVC then keeps them, and does not download"
    named = "is not there" if current is None else f"names {current}"
    first = f"foldline doctor --competition {settings.slug} --write {settings.params}"
    return f"{first} && {KEEP}", f"{settings.params} {named}; DVC then keeps the files"


if __name__ == "__main__":
    running.run(main)
