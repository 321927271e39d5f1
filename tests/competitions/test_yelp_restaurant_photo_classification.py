"""yelp-restaurant-photo-classification: photos by a second table, tgz with leftovers, sets."""

import numpy as np
from sklearn.metrics import f1_score
from sklearn.preprocessing import MultiLabelBinarizer

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, csv, image_files, numbered, zipped
from tests.competitions.packing import tarred

SETS = (("1", "2", "8"), ("0", "3"), (), ("5", "6"), ("8",), ("0", "1", "3", "8"))


def restaurants(ids: list[str]) -> dict[str, tuple[str, ...]]:
    return {row_id: SETS[place % len(SETS)] for place, row_id in enumerate(np.random.default_rng(0).permutation(ids))}


def photos(ids: list[str], first: int) -> dict[str, list[str]]:
    """Three photos of each restaurant; two restaurants of a chain share one."""
    numbers = [
        first + 3 * place + photo - (place % 2 and photo == 0) for place in range(len(ids)) for photo in range(3)
    ]
    return {"photo_id": [str(number) for number in numbers], "business_id": [row_id for row_id in ids for _ in "123"]}


def draw() -> Miniature:
    labels, answers = restaurants(numbered(24, "{}", 1000)), restaurants(numbered(12, "003{:02}"))
    train, test = photos(list(labels), 5000), photos(list(answers), 100)
    sample = csv({"business_id": answers.keys(), "labels": "1 2 3"})
    files = {
        "train.csv": csv({"business_id": labels.keys(), "labels": map(" ".join, labels.values())}),
        "train_photo_to_biz_ids.csv": csv(train),
        "test_photo_to_biz.csv": csv(test),
        "sample_submission.csv": sample,
    }
    for first, (folder, part) in enumerate((("train_photos", train), ("test_photos", test))):
        taken = image_files([f"{folder}/{photo}.jpg" for photo in dict.fromkeys(part["photo_id"])], 100 * first)
        files[folder] = tarred({f"{folder}/._5000.jpg": b"leftover", **taken}, "gz")
    packed = {f"{name}.tgz": tarred({f"._{name}": b"leftover", name: content}, "gz") for name, content in files.items()
              if name.endswith("csv")}  # fmt: skip
    packed |= {f"{name}.tgz": content for name, content in files.items() if name.endswith("photos")}
    return Miniature({"yelp-restaurant-photo-classification.zip": zipped(packed)}, labels, answers)


def test_a_set_of_labels_per_restaurant(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "yelp-restaurant-photo-classification.yaml", miniature)

    assert read_images(places.images).groupby("row").size().unique().tolist() == [3]
    assert (np.load(places.targets).sum(axis=1) == 0).sum() == 4, "restaurants without a label are rows too"
    submission = grading.read(places.submission, list(miniature.answers), ["business_id", "labels"], exact=True)
    binarizer = MultiLabelBinarizer(classes=sorted({name for one in SETS for name in one}))
    truth = binarizer.fit_transform(miniature.answers.values())
    found = binarizer.transform(grading.words(submission["labels"]))
    assert f1_score(truth, found, average="samples", zero_division=1.0) > 0.85
