"""Turn the competition's own layout into canonical tables, and decode every image once into the pixel cache.

Reads the archives in input/<slug>. Writes work/<slug>/rows.parquet, targets.npy, images.parquet, classes.json and
pixels.json (the pixel cache's key); the cache itself lies in work/<slug>/pixels. Images that cannot be read stay blank
and are listed in work/<slug>/unreadable.csv; above prepare.max_unreadable_fraction the stage refuses.
Parameters: prepare. Card: layout, target, features, submission.
"""

from foldline.archive.archives import open_archives, read_manifest
from foldline.card.description import Classes, write_description
from foldline.card.features import Features
from foldline.card.layout import Layout
from foldline.card.submission import Submission
from foldline.card.target import Target
from foldline.competition.competition import read_competition
from foldline.competition.missing_images import link_images, refuse_missing, report_unreadable, unreadable_files
from foldline.files.refusal import Refusal, listed
from foldline.files.rows import write_rows, write_targets
from foldline.pixels.building import build
from foldline.pixels.cache import write_images, write_pixels_key
from foldline.pixels.resizing import Prepare
from pipelines.answers import Answer
from pipelines.running import parser, read_settings, run


def main() -> Answer:
    parser(__doc__).parse_args()
    settings = read_settings()
    places = settings.places
    prepare = settings.section("prepare", Prepare)
    layout, target = settings.fact("layout", Layout), settings.fact("target", Target)
    features, submission = settings.fact("features", Features | None), settings.fact("submission", Submission)
    for conflict in prepare.unstorable(layout.channels, layout.range, settings.slug):
        raise Refusal(conflict)  # `check` says so too, but prepare may run alone
    with open_archives(places.manifest) as archives:
        found = read_competition(archives, layout, target, features, submission)
    listing = found.listing
    refuse_missing(listing.images, listing.absences, prepare.max_unreadable_fraction)
    form = prepare.form(layout.channels, layout.range)
    files = read_manifest(places.manifest).names
    built = build(places.archives, files, listing.images["path"].tolist(), form, places.pixel_caches)
    images = link_images(listing.images, built.decoded)
    unreadable = report_unreadable(places.unreadable, images, prepare.max_unreadable_fraction)
    write_rows(places.rows, listing.rows)
    write_targets(places.targets, found.targets)
    write_images(places.images, images)
    sizes = target.sizes(found.classes)
    write_description(places.classes, Classes(names=found.classes, sizes=sizes, activations=target.activations))
    write_pixels_key(places.pixels, built.key)
    print(*(f"{name}: {'; '.join(said)}" for name, said in found.tables.items()), sep="\n")
    if unreadable:
        print(unreadable)
    if found.elsewhere:
        print(f"found elsewhere than the card says: {listed(found.elsewhere)}")
    train, test = (int((listing.rows["part"] == part).sum()) for part in ("train", "test"))
    print(f"{places.work}: {train} train and {test} test rows, {len(images)} images, {len(found.classes)} classes")
    counts = {"train_rows": train, "test_rows": test, "images": len(images), "classes": len(found.classes)}
    return {**counts, "unreadable_images": len(unreadable_files(images))}


if __name__ == "__main__":
    run(main)
