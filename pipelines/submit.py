"""Upload the submission to Kaggle, once, and read back its score.

Reads:  submissions/<slug>/submission.csv; clip/metrics.json and ensemble/metrics.json when they exist; Kaggle
Writes: submissions/<slug>/receipt.json, lines in submissions/ledger.csv
Params: submit; the card's `host`

A csv that was uploaded before is not uploaded again: its score is read back.
"""

from typing import Any

from foldline.card.host import Host
from foldline.files.places import Places
from foldline.files.whole_files import read_json
from foldline.kaggle.connection import connect
from foldline.kaggle.guard import await_score, plan_upload, record_outcome, submit_once
from foldline.kaggle.ledger import Receipt, Submit, write_receipt
from pipelines import running
from pipelines.answers import Answer
from pipelines.summary import print_summary


def main() -> Answer:
    running.parser(__doc__).parse_args()
    settings = running.read_settings()
    section, places = settings.section("submit", Submit), settings.places
    metrics: dict[str, Any] = read_json(places.clipped / "metrics.json") if _has_metrics(places) else {}
    metric, score = metrics.get("metric"), metrics.get("score")
    upload = plan_upload(places.slug, places.submission, section.message, metric, score)
    with connect(settings.fact("host", Host), places) as kaggle:
        placed, is_new = submit_once(kaggle, upload, places.ledger)
        print(f"submission {placed.ref} {'uploaded' if is_new else 'was uploaded before'} (run {upload.run_id})")
        seen = await_score(kaggle, placed, section.wait_seconds)
    record_outcome(seen, upload, places.ledger)
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
        print(f"no score after {section.wait_seconds:g} seconds; to look again (nothing is uploaded): {look_again}")
    if _has_metrics(places):
        print_summary(places, "change params.yaml, then dvc repro submissions/dvc.yaml", receipt.public_score or None)
    return {**receipt.model_dump(), "uploaded": is_new}


def _has_metrics(places: Places) -> bool:
    return all((folder / "metrics.json").exists() for folder in (places.ensemble, places.clipped))


if __name__ == "__main__":
    running.run(main)
