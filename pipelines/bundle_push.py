"""Push a bundle: its files as a dataset, its notebook, a session of that; submit what the session made, once.

What `foldline bundle --push` does last, for any folder in the form of `foldline bundle`. All that Kaggle shows of
it is read back and compared, and the score, too. Killed and repeated, it goes on from where it was. --force is for
whoever has looked at the submissions on Kaggle's page, and has not found it.
"""

from pathlib import Path

from foldline.card.host import Host
from foldline.card.limits import Limits
from foldline.files.lasting import lasting_places
from foldline.kaggle.connection import connect, journal_of
from foldline.kaggle.guard import await_score, record_outcome, submit_once
from foldline.kaggle.journal import Journal
from foldline.kaggle.ledger import Submit
from foldline.kaggle.parcels import read_parcel
from foldline.kaggle.pushing import plan_submission, push
from foldline.params.yaml_files import read_yaml
from pipelines.answers import Answer
from pipelines.running import Settings, parser, read_settings, run
from pipelines.summary import scored

HOURS = 9.0
"""Of the notebook's session, where the card has no limit."""


def main() -> Answer:
    arguments = parser(__doc__)
    arguments.add_argument("folder", metavar="FOLDER", type=Path)
    arguments.add_argument("--force", action="store_true", help="I have looked, and Kaggle does not have it: submit")
    given = arguments.parse_args()
    return push_bundle(read_settings(), given.folder, given.force)


def limits_of(settings: Settings) -> Limits | None:
    return settings.fact("limits", Limits) if "limits" in read_yaml(settings.card) else None


def push_bundle(settings: Settings, folder: Path, is_forced: bool = False) -> Answer:
    limits = limits_of(settings)
    hours = HOURS if limits is None else limits.hours
    section, places, host = settings.section("submit", Submit), settings.places, settings.fact("host", Host)
    ledger = lasting_places(places.slug).ledger
    own = scored(places) if (places.clipped / "metrics.json").exists() else None
    score = (own.metric, own.score) if own else (None, None)
    with connect(host, places) as kaggle:
        parcel = read_parcel(folder, places.slug, kaggle.user())
        journal = journal_of(kaggle, host, places.slug)
        pushes = Journal(journal.folder / "notebooks", is_complete=True)
        pushed, is_done = pushes.refs(parcel.run_id, "pushed"), journal.refs(parcel.run_id, "done")
        version = pushed[-1] if pushed and is_done else push(kaggle, parcel, pushes, 3600 * hours)
        upload = plan_submission(parcel, version, places.slug, section.message, *score)
        placed = submit_once(kaggle, upload, journal, ledger, is_forced)
        made = "made" if placed.is_new else "was made before"
        print(f"submission {placed.submission.ref} of {upload.title} {made} (run {upload.run_id})")
        seen = await_score(kaggle, upload, placed, journal, section.wait_seconds)
    record_outcome(seen, upload, placed, ledger)
    print(f"public score: {seen.public_score}" if seen.public_score else "no score yet: the same command looks again")
    about = {"dataset": parcel.dataset["id"], "notebook": upload.ref, "version": version, "run_id": upload.run_id}
    return {**about, "ref": seen.ref, "status": seen.status, "public_score": seen.public_score, "new": placed.is_new}


if __name__ == "__main__":
    run(main)
