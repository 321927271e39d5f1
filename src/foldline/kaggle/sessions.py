"""The session of a notebook's latest version: how it ended, and what it left."""

from pathlib import Path
from typing import Any

from foldline.archive.damage import unfit_name
from foldline.files.refusal import Refusal
from foldline.kaggle.client import Kaggle
from foldline.kaggle.connection import CURES, FORBIDDEN, NOT_FOUND, refusing

RUNS = ("QUEUED", "RUNNING", "NEW_SCRIPT")
LOG_LETTERS = 1500
REFUSED = "Kaggle refuses the request about `{competition}`. {said} "
NONE_SHOWN = (
    "Kaggle shows you no notebook `{competition}`. {said} Push it first (`kaggle kernels push`), or name it as its "
    "address on Kaggle does, OWNER/NAME; only its owner, and whom it is shared with, may fetch its output. Or name a "
    "folder that holds it."
)
FETCH_CURES = {**CURES, "http": f"{REFUSED}Run it again.", FORBIDDEN: NONE_SHOWN, NOT_FOUND: NONE_SHOWN}


def owner_and_slug(ref: str) -> dict[str, Any]:
    owner, _, slug = ref.partition("/")
    return {"owner": owner, "slug": slug}


def refuse_failed(kaggle: Kaggle, ref: str, title: str, seen: dict[str, str], then: str) -> None:
    """seen: the session, which has ended. title: as messages call it. then: what a person may do."""
    if seen["status"] != "COMPLETE":
        log = kaggle.read("session_log", **owner_and_slug(ref)).strip()[-LOG_LETTERS:]
        raise Refusal(
            f"{title}: its session ended as {seen['status']}. {seen['message']}\nThe end of its log:\n{log}\n{then}"
        )


def fetch(kaggle: Kaggle, ref: str, folder: Path) -> None:
    """Put all that the session left into the empty `folder`. Raises Refusal where it runs, or has not ended well."""
    with refusing(kaggle, ref, cures=FETCH_CURES):
        seen = kaggle.read("session", **owner_and_slug(ref))
        if seen["status"] in RUNS:
            raise Refusal(
                f"{ref}: its session has not ended yet ({seen['status'].lower()}), and until then there is nothing to "
                "fetch. Run the same command again once it has."
            )
        refuse_failed(kaggle, ref, ref, seen, "Nothing was taken home. Push the notebook again: it goes on.")
        for name, link in kaggle.read("session_files", **owner_and_slug(ref)).items():
            if not name or unfit_name(name):
                raise Refusal(
                    f"{ref}: its output has a file of the name {name!r}. Nothing is written outside of a folder."
                )
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            kaggle.read("fetch_file", watched=path.parent, link=link, path=str(path.absolute()))
