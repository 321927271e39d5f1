"""Write a page of what the run here says of itself: scores, confusions with their pictures, the worst rows and why.

One file, which needs no network. It is no stage: it shows the leaderboard and the uploads, which no rerun could repeat.
Reads rows.parquet, targets.npy, images.parquet, classes.json, folds.csv, pixels.json and its cache, ensemble/, clip/,
the trained models, the submission, and the ledger; writes work/<slug>/report.html.
Card: `target`, `metric`, `submission`, `layout.aggregate`.

foldline report
"""

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.kaggle.connection import lasting_places
from foldline.metrics.metric import Metric
from foldline.report.evidence import read_evidence
from foldline.report.page import write_page
from foldline.report.pictures import Pictures
from foldline.report.sections.scores import keys, scores
from foldline.report.uploads import current_run_id, read_uploads, standing
from pipelines.answers import Answer
from pipelines.pixels import open_cache
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, fact = settings.places, settings.fact
    evidence = read_evidence(places, fact("target", Target), fact("metric", Metric), fact("submission", Submission))
    pictures = Pictures(open_cache(places))
    uploads = read_uploads(lasting_places(places.slug).ledger, places.slug)
    uploaded = standing(uploads, current_run_id(places.slug, places.submission), evidence.metric)
    made = {"scores": scores(evidence, uploaded)}
    found = [section for section in made.values() if section is not None]
    summary = found[0].title
    numbers = keys(evidence, uploaded)
    write_page(places.report, f"{places.slug}: what the run says", summary, found, keys=numbers, pictures=pictures)
    size = places.report.stat().st_size
    print(f"{places.report}: {len(found)} sections, {size / 1e6:.1f} MB")
    return {"report": places.report, "sections": [one.anchor for one in found], "bytes": size}


if __name__ == "__main__":
    run(main)
