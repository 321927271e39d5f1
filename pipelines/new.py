"""Write a first card for a competition, each guess marked: layout, target, metric, form of the submission.

Reads its files (from Kaggle, or with --from those that you have; kept in input/SLUG) and what its sample submission
asks for. Writes pipelines/competitions/SLUG.yaml. The doctor then says what to correct.

foldline new dog-breed-identification
foldline new my-own-competition --from ~/Downloads/my-own-competition.zip
"""

from pathlib import Path

from foldline.archive.archives import open_archives
from foldline.card.host import KaggleHost
from foldline.doctor.card_draft import draft_card
from foldline.files.refusal import Refusal
from foldline.files.whole_files import write_text
from foldline.kaggle.connection import connect
from foldline.kaggle.downloads import adopt, download
from pipelines.answers import Answer
from pipelines.download import KEEP
from pipelines.running import parser, run, settings_of


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("slug", metavar="SLUG", help="the end of the competition's address on kaggle.com")
    arguments.add_argument("--from", dest="source", type=Path, metavar="FOLDER_OR_ZIP", help="take these files")
    given = arguments.parse_args()
    settings, host = settings_of(given.slug), KaggleHost(kind="kaggle")
    places = settings.places
    if settings.card.exists():
        raise Refusal(
            f"{settings.card} is there already. Look at it with `foldline doctor --competition {given.slug}`, or "
            "remove it for a new one."
        )
    if given.source is not None:
        adopt(given.source, given.slug, places.archives)
    elif not places.manifest.exists():
        with connect(host, places) as kaggle:
            download(kaggle, given.slug, places.archives)
    with open_archives(places.manifest) as archives:
        draft = draft_card(archives, given.slug, host.model_dump())
    write_text(settings.card, draft.text())
    following = f"foldline doctor --competition {given.slug} --write params.yaml && {KEEP}"
    print(f"{settings.card}: a first card. Its comments say what is guessed:\n")
    for part, remark in draft.remarks.items():
        print(f"  {part}: {remark}")
    print(f"\nnext: {following}")
    return {"card": settings.card, "guesses": dict(draft.remarks), "next": following}


if __name__ == "__main__":
    run(main)
