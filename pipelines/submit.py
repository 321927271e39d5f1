"""Upload the submission to Kaggle, at most once, and read back its score.

Reads:  submissions/<slug>/submission.csv; clip/metrics.json and ensemble/metrics.json when they exist; Kaggle
Writes: submissions/<slug>/receipt.json; lines in submissions/ledger.csv, and in this user's journal of all clones
Params: submit; the card's `host`

A csv that was uploaded before is not uploaded again: its score is read back. Where it is unknown whether an upload
counted, the message says what to look at; --force is for whoever has looked, and has not found it. It warns where an
upload before had a better out-of-fold score by the same metric.
"""

from foldline.card.host import Host
from foldline.files.lasting import lasting_places
from foldline.files.places import Places
from foldline.kaggle.connection import connect, journal_of
from foldline.kaggle.guard import await_score, plan_upload, record_outcome, submit_once
from foldline.kaggle.ledger import Receipt, Submit, write_receipt
from foldline.kaggle.uploads import read_uploads, worse_than_uploaded
from pipelines import running
from pipelines.answers import Answer
from pipelines.summary import print_summary, scored


def main() -> Answer:
    arguments = running.parser(__doc__)
    arguments.add_argument("--force", action="store_true", help="I have looked, and Kaggle does not have it: upload")
    is_forced: bool = arguments.parse_args().force
    settings = running.read_settings()
    section, places = settings.section("submit", Submit), settings.places
    own = scored(places) if _has_metrics(places) else None
    metric, score = (own.metric, own.score) if own else (None, None)
    upload = plan_upload(places.slug, places.submission, section.message, metric, score)
    host, ledger = settings.fact("host", Host), lasting_places(places.slug).ledger
    past = read_uploads(ledger, places.slug)
    warning = worse_than_uploaded(past, own.metric, own.score, own.higher_is_better) if own else None
    if warning:
        print(f"warning: {warning}")
    with connect(host, places) as kaggle:
        journal = journal_of(kaggle, host, places.slug)
        placed = submit_once(kaggle, upload, journal, ledger, is_forced)
        uploaded = "uploaded" if placed.is_new else "was uploaded before"
        print(f"submission {placed.submission.ref} {uploaded} (run {upload.run_id})")
        seen = await_score(kaggle, upload, placed, journal, section.wait_seconds)
    record_outcome(seen, upload, placed, ledger)
    receipt = Receipt(
        competition=places.slug,
        run_id=upload.run_id,
        ref=seen.ref,
        status="complete" if seen.status == "complete" else "pending",
        public_score=seen.public_score,
        private_score=seen.private_score,
        metric=metric,
        out_of_fold_score=score,
    )
    write_receipt(places.receipt, receipt)
    look_again = "dvc repro -f -s submissions/dvc.yaml:submit"
    if receipt.status == "pending":
        said = "" if seen.words == "PENDING" else f" (Kaggle calls it {seen.words})"
        print(
            f"no score within {section.wait_seconds:g} seconds{said}; to look again (nothing is uploaded): {look_again}"
        )
    if _has_metrics(places):
        print_summary(places, "change params.yaml, then dvc repro submissions/dvc.yaml", receipt.public_score or None)
    return {**receipt.model_dump(), "uploaded": placed.is_new, "warning": warning}


def _has_metrics(places: Places) -> bool:
    return all((folder / "metrics.json").exists() for folder in (places.ensemble, places.clipped))


if __name__ == "__main__":
    running.run(main)
