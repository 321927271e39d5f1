"""Fetch the competition's files from Kaggle: whole and checked, or not at all.

Reads:  Kaggle (or, with --from, files that you already have); the card's `host`
Writes: input/<slug>/, with manifest.json (names, sizes, sha256)
Params: none but `competition`

After --from, `dvc repro check` and `dvc commit -f download` tell DVC to keep what was put there.
"""

from pathlib import Path

from foldline.cards.host import Host
from foldline.kaggle.downloads import adopt, download
from foldline.kaggle.reach import reach
from pipelines import running


def main() -> None:
    parser = running.parser(__doc__)
    parser.add_argument("--from", dest="source", type=Path, metavar="FOLDER_OR_ZIP", help="take these files")
    source = parser.parse_args().source
    settings = running.read_settings()
    places = settings.places
    if source is not None:
        manifest = adopt(source, settings.slug, places.archives)
    else:
        with reach(settings.fact("host", Host), places) as kaggle:
            manifest = download(kaggle, settings.slug, places.archives)
    size = sum(file.bytes for file in manifest.files)
    print(f"{places.archives}: {len(manifest.files)} files, {size / 1e6:.1f} MB")
    if source is not None:
        print("next: dvc repro check && dvc commit -f download    (DVC then keeps them, and does not download)")


if __name__ == "__main__":
    running.run(main)
