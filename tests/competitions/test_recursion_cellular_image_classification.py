"""recursion-cellular-image-classification: a file per channel, two sites to a well, wells of the same experiments."""

from collections.abc import Iterable

from sklearn.metrics import accuracy_score

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_file, zipped


def wells(experiments: Iterable[str]) -> dict[str, tuple[str, str, str]]:
    places = [(experiment, "1", f"B{well:02}") for experiment in experiments for well in (2, 3, 4)]
    return {"_".join(place): place for place in places}


def draw() -> Miniature:
    train, test = wells(("HEPG2-01", "HUVEC-01", "RPE-01", "U2OS-01")), wells(("HEPG2-08", "U2OS-04"))
    labels, answers = assigned(list(train), ("0", "12", "1107")), assigned(list(test), ("0", "12", "1107"))
    entries: dict[str, bytes] = {}
    for folder, places in (("train", train), ("test", test)):
        for experiment, plate, well in places.values():
            for file in (f"s{site}_w{wave}" for site in (1, 2) for wave in range(1, 7)):
                path = f"{folder}/{experiment}/Plate{plate}/{well}_{file}.png"
                entries[path] = image_file(len(entries), "png", "L")
    for name, places, known in (("train.csv", train, {"sirna": labels.values()}), ("test.csv", test, {})):
        columns = dict(zip(("experiment", "plate", "well"), zip(*places.values(), strict=True), strict=True))
        entries[name] = csv({"id_code": places.keys(), **columns, **known})
    entries["sample_submission.csv"] = csv({"id_code": test.keys(), "sirna": 0})
    return Miniature({"recursion.zip": zipped(entries)}, labels, answers)


def test_two_sites_of_six_channels(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "recursion-cellular-image-classification.yaml", miniature)

    images = read_images(places.images)
    assert images.groupby("row").size().unique().tolist() == [2]
    assert images["path"].str.count("_w").unique().tolist() == [6]
    assert images["path"].str.count("_s1_").isin([0, 6]).all(), "the channels of an image are of one site"
    submission = grading.read(places.submission, list(miniature.answers), ["id_code", "sirna"], exact=True)
    found = grading.integers(submission["sirna"])
    assert accuracy_score(list(miniature.answers.values()), found) > 0.9
