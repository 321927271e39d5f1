"""Write a page of what the run here says of itself: scores, confusions with their pictures, the worst rows and why.

One file, which needs no network. It is no stage: it shows the leaderboard and the uploads, which no rerun could repeat.
Reads rows.parquet, targets.npy, images.parquet, classes.json, folds.csv, pixels.json and its cache, ensemble/, clip/,
the trained models, the first fold's features, the submission, and the ledger; writes work/<slug>/report.html. Features
that are absent are made as `foldline features` does, where that is soon done.
Card: `target`, `metric`, `submission`, `layout.aggregate`.

foldline report
"""

from collections.abc import Callable, Mapping

from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.ensembling.finished_runs import finished_runs
from foldline.files.dvc_records import md5_of
from foldline.files.lasting import lasting_places
from foldline.files.refusal import Refusal
from foldline.kaggle.uploads import read_uploads
from foldline.metrics.metric import Metric
from foldline.report.evidence import Evidence, read_evidence
from foldline.report.page import Section, write_page
from foldline.report.pictures import Pictures
from foldline.report.sections import confusion as of_confusion
from foldline.report.sections import labels, numbers, ordinal, rankings, reliability, shift, slices
from foldline.report.sections import ledger as of_uploads
from foldline.report.sections.curves import curves
from foldline.report.sections.examples import Asked, FoundMaps, examples
from foldline.report.sections.map import map_of_features
from foldline.report.sections.scores import keys, run_rows, scores, summary
from foldline.report.uploads import contenders, current_run_id, find_uploaded
from pipelines.answers import Answer
from pipelines.feature_spaces import MODEL
from pipelines.mapped_space import mapped_space
from pipelines.pixels import open_cache
from pipelines.running import parser, read_settings, run

OF_KINDS: Mapping[str, Callable[[Evidence], Section | None]] = {
    numbers.NEEDS: numbers.numbers,
    labels.NEEDS: labels.labels,
    ordinal.NEEDS: ordinal.ordinal,
    rankings.NEEDS: rankings.rankings,
}
OF_ALL: Mapping[str, Callable[[Evidence], Section | None]] = {
    reliability.NEEDS: reliability.reliability,
    slices.NEEDS: slices.slices,
}
"""Sections that a run may have none of, by what they need."""


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places, fact = settings.places, settings.fact
    evidence = read_evidence(places, fact("target", Target), fact("metric", Metric), fact("submission", Submission))
    pixels, seed = open_cache(places), settings.section("train.seeds", tuple[int, ...])[0]
    lasting = lasting_places(places.slug)
    uploads = read_uploads(lasting.ledger, places.slug)
    uploaded = find_uploaded(uploads, current_run_id(places.slug, places.submission), evidence.metric)
    against = run_rows(finished_runs(lasting), md5_of(places.clipped / "out_of_fold.npy"), lasting.compared)

    def maps_of(asked: Asked) -> FoundMaps:
        from foldline.report.activation_maps import maps_of_rows  # torch, which takes seconds to import

        return maps_of_rows(evidence, pixels, lambda fold: places.trained(fold, seed) / MODEL, asked)

    # What shows most is first to take from the room for pictures.
    pictures = Pictures(pixels)
    of_examples = examples(evidence, pictures, maps_of)
    made = {
        "scores": scores(evidence, uploaded, against),
        of_confusion.NEEDS: of_confusion.confusion(evidence, pictures),
        **{needs: section(evidence) for needs, section in OF_KINDS.items()},
        "examples": of_examples,
        **{needs: section(evidence) for needs, section in OF_ALL.items()},
        "curves": curves(evidence),
        shift.NEEDS: shift.shift(evidence, pixels),
        of_uploads.NEEDS: of_uploads.ledger(contenders(uploads, lasting), evidence.metric),
    }
    left_out = [needs for needs, section in made.items() if section is None]
    found = [section for section in made.values() if section is not None]
    try:
        found.append(map_of_features(evidence, mapped_space(settings), pictures))
    except Refusal as why:
        left_out.append(f"the map of features: {str(why).rstrip('.')}")
    told, said = keys(evidence, uploaded), summary(evidence)
    write_page(places.report, places.slug, said, found, keys=told, left_out=left_out, pictures=pictures)
    size = places.report.stat().st_size
    print(f"{places.report}: {', '.join(one.anchor for one in found)}; {size / 1e6:.1f} MB")
    return {"report": places.report, "sections": [one.anchor for one in found], "bytes": size}


if __name__ == "__main__":
    run(main)
