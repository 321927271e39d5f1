"""What to look at before training, on one page: work/<slug>/preview.html, which needs no network.

Train rows by their target; near-duplicate images with their labels, contradictions first; images that cannot be read;
images augmented and mixed as the training does it; what resizing and cropping do. Reads what the stages up to `split`
wrote, and the archives of input/<slug> where they are there; before `split` near-duplicates are left out.
Parameters: prepare, split, train. Card: target, symmetries.

foldline preview
"""

from contextlib import ExitStack, suppress

from foldline.archive.archives import open_archives
from foldline.card.description import read_classes
from foldline.card.target import Target
from foldline.card.views import Symmetry
from foldline.files.places import Places
from foldline.files.refusal import Refusal
from foldline.files.rows import read_rows, read_targets
from foldline.folds.duplicates_table import read_duplicates
from foldline.folds.splitting import Split
from foldline.pixels.building import form_of
from foldline.pixels.cache import read_images, read_pixels_key
from foldline.pixels.image_files import ImageFiles
from foldline.pixels.resizing import Prepare
from foldline.training.train_section import Train
from pipelines.answers import Answer
from pipelines.pixels import open_cache
from pipelines.running import parser, read_settings, run, seed_number


def main() -> Answer:
    script = parser(__doc__)
    script.add_argument("--seed", type=seed_number, default=0, metavar="N", help="draw other pictures (0)")
    return preview(script.parse_args().seed)


def preview(seed: int) -> Answer:
    # Heavy, and --help needs none of it.
    from foldline.report.page import write_page
    from foldline.report.pictures import Pictures
    from foldline.report.prepared import Prepared, counts
    from foldline.report.sections.augmented import augmented_by_phase
    from foldline.report.sections.class_sheets import class_sheets
    from foldline.report.sections.near_duplicates import near_duplicates
    from foldline.report.sections.resizing import resized_images
    from foldline.report.sections.unreadable import unreadable_images

    settings = read_settings()
    places, train, split = settings.places, settings.section("train", Train), settings.section("split", Split)
    refuse_unprepared(places)
    rows, images, classes = read_rows(places.rows), read_images(places.images), read_classes(places.classes)
    targets, key = read_targets(places.targets, rows, classes), read_pixels_key(places.pixels)
    prepared = Prepared(rows, images, settings.fact("target", Target), targets, classes, open_cache(places))
    symmetries, form = settings.fact("symmetries", tuple[Symmetry, ...] | None) or (), form_of(key)
    pictures, left_out = Pictures(prepared.pixels), []
    sections = [class_sheets(prepared, pictures, seed)]
    if split.near_duplicates == "ignored":
        left_out.append("near-duplicates (split.near_duplicates is ignored, so nobody looked for them)")
    elif not places.duplicates.exists():
        left_out.append("near-duplicates (`dvc repro split` looks for them)")
    else:
        every = f" {places.duplicates} lists all."
        sections.append(near_duplicates(read_duplicates(places.duplicates), images, pictures, every))
    sections.append(unreadable_images(images, f" {places.unreadable} lists all."))
    sections += augmented_by_phase(prepared, train, symmetries, pictures, seed)
    with ExitStack() as opened:
        files = None
        with suppress(Refusal):  # On a machine without the archives the cache says enough.
            files = ImageFiles(opened.enter_context(open_archives(places.manifest)))
        sections.append(resized_images(prepared, form, train, files, pictures))
    summary = f"What to look at before training. Pictures are drawn from seed {seed}."
    if settings.section("prepare", Prepare).form(form.channels, form.range) != form:
        summary += " What params.yaml says of `prepare` has changed since: run `dvc repro split`, then this again."
    facts = {"keys": counts(prepared), "left_out": left_out, "pictures": pictures}
    write_page(places.preview, f"{settings.slug}: before training", summary, sections, **facts)
    print(f"{places.preview}: {summary}", *(f"- {section.title}" for section in sections), sep="\n")
    return {"page": places.preview, **{section.anchor: section.title for section in sections}, "left_out": left_out}


def refuse_unprepared(places: Places) -> None:
    needed = (places.rows, places.targets, places.images, places.classes, places.pixels)
    if absent := [path for path in needed if not path.exists()]:
        raise Refusal(f"There is nothing to look at yet: {absent[0]} is absent. Run `dvc repro split` first.")


if __name__ == "__main__":
    run(main)
