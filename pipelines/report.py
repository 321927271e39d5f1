"""Write a page of what the run here says of itself: scores, confusions with their pictures, the worst rows and why.

One file, which needs no network. It is no stage: it shows the leaderboard and the uploads, which no rerun could repeat.
Reads rows.parquet, targets.npy, images.parquet, classes.json, folds.csv, pixels.json and its cache, ensemble/, clip/,
the trained models, the submission, and the ledger; writes work/<slug>/report.html.
Card: `target`, `metric`, `submission`, `layout.aggregate`.

foldline report
"""

from collections.abc import Mapping

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.kaggle.connection import lasting_places
from foldline.metrics.metric import Metric
from foldline.report.evidence import read_evidence
from foldline.report.page import write_page
from foldline.report.pictures import Pictures
from foldline.report.sections import confusion as of_confusion
from foldline.report.sections.examples import Asked, FoundMaps, examples
from foldline.report.sections.scores import keys, scores, summary
from foldline.report.uploads import current_run_id, read_uploads, standing
from pipelines.answers import Answer
from pipelines.feature_spaces import MODEL
from pipelines.pixels import open_cache
from pipelines.running import parser, read_settings, run

NEEDS: Mapping[str, str] = {"confusion": of_confusion.NEEDS}
"""Of each section that a run may have none of, what it needs."""


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, fact = settings.places, settings.fact
    evidence = read_evidence(places, fact("target", Target), fact("metric", Metric), fact("submission", Submission))
    pixels, seed = open_cache(places), settings.section("train.seeds", tuple[int, ...])[0]
    uploads = read_uploads(lasting_places(places.slug).ledger, places.slug)
    uploaded = standing(uploads, current_run_id(places.slug, places.submission), evidence.metric)

    def maps_of(asked: Asked) -> FoundMaps:
        from foldline.report.activation_maps import maps_of_rows  # torch, which takes seconds to import

        return maps_of_rows(evidence, pixels, lambda fold: places.trained(fold, seed) / MODEL, asked)

    # What shows most is first to take from the room for pictures.
    pictures = Pictures(pixels)
    of_examples = examples(evidence, pictures, maps_of)
    made = {
        "scores": scores(evidence, uploaded),
        "confusion": of_confusion.confusion(evidence, pictures),
        "examples": of_examples,
    }
    found = [section for section in made.values() if section is not None]
    left_out = [NEEDS[name] for name, section in made.items() if section is None]
    numbers = keys(evidence, uploaded)
    write_page(places.report, places.slug, summary(evidence), found, keys=numbers, left_out=left_out, pictures=pictures)
    size = places.report.stat().st_size
    print(f"{places.report}: {', '.join(one.anchor for one in found)}; {size / 1e6:.1f} MB")
    return {"report": places.report, "sections": [one.anchor for one in found], "bytes": size}


if __name__ == "__main__":
    run(main)
