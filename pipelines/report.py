"""Write a page of what the run here says of itself: scores, confusions with their pictures, the worst rows and why.

One file, which needs no network. It is no stage: it shows the leaderboard and the uploads, which no rerun could repeat.
Reads rows.parquet, targets.npy, images.parquet, classes.json, folds.csv, pixels.json and its cache, ensemble/, clip/,
the trained models, the first fold's features, the submission, and the ledger; writes work/<slug>/report.html. Features
that are absent are made as `foldline features` does, where that is soon done.
Card: `target`, `metric`, `submission`, `layout.aggregate`.

foldline report
"""

from functools import partial

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.finished_runs import finished_runs
from foldline.ensembling.saved_runs import files_of
from foldline.files.lasting import lasting_places
from foldline.kaggle.uploads import read_uploads
from foldline.metrics.metric import Metric
from foldline.report.evidence import read_evidence
from foldline.report.page import gathered, write_page
from foldline.report.pictures import Pictures
from foldline.report.sections.columns import confusions
from foldline.report.sections.curves import curves
from foldline.report.sections.examples import Asked, FoundMaps, examples
from foldline.report.sections.labels import labels
from foldline.report.sections.ledger import ledger
from foldline.report.sections.map import map_of_features
from foldline.report.sections.numbers import numbers
from foldline.report.sections.ordinal import ordinal
from foldline.report.sections.rankings import rankings
from foldline.report.sections.reliability import reliability
from foldline.report.sections.scores import keys, run_rows, scores, summary
from foldline.report.sections.shift import shift
from foldline.report.sections.slices import slices
from foldline.report.uploads import contenders, own_upload
from pipelines.answers import Answer
from pipelines.feature_spaces import MODEL
from pipelines.mapped_space import mapped_space
from pipelines.pixels import open_cache
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, fact = settings.places, settings.fact
    evidence = read_evidence(places, fact("target", Target), fact("metric", Metric), fact("submission", Submission))
    pixels, seed = open_cache(places), settings.section("train.seeds", tuple[int, ...])[0]
    lasting = lasting_places(places.slug)
    uploads = read_uploads(lasting.ledger, places.slug)
    own = own_upload(uploads, places.slug, places.submission)
    public = own.public_score if own is not None else None
    against = run_rows(finished_runs(lasting), files_of(places), lasting.compared)

    def maps_of(asked: Asked) -> FoundMaps:
        from foldline.report.activation_maps import maps_of_rows  # torch, which takes seconds to import

        return maps_of_rows(evidence, pixels, lambda fold: places.trained(fold, seed) / MODEL, asked)

    # What shows most is first to take from the room for pictures.
    pictures = Pictures(pixels)
    of_examples = examples(evidence, pictures, maps_of)
    found, left_out = gathered(
        lambda: scores(evidence, public, against),
        *confusions(evidence, pictures),
        *(partial(section, evidence) for section in (numbers, labels, ordinal, rankings)),
        lambda: of_examples,
        *(partial(section, evidence) for section in (reliability, slices, curves)),
        lambda: shift(evidence, pixels),
        lambda: ledger(contenders(uploads, lasting), evidence.metric, own),
        lambda: map_of_features(evidence, lambda: mapped_space(settings), pictures),
    )
    told, said = keys(evidence, public), summary(evidence)
    write_page(places.report, places.slug, said, found, keys=told, left_out=left_out, pictures=pictures)
    size = places.report.stat().st_size
    print(f"{places.report}: {', '.join(one.anchor for one in found)}; {size / 1e6:.1f} MB")
    return {"report": places.report, "sections": [one.anchor for one in found], "bytes": size}


if __name__ == "__main__":
    run(main)
