"""cdiscount-image-classification-challenge: BSON documents of one to four images, category numbers in millions."""

from sklearn.metrics import accuracy_score

from foldline.pixels.cache import read_images
from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_file, numbered, zipped
from tests.competitions.packing import bson

CATEGORIES = ("1000010653", "1000004079", "1000004141")


def product(number: str, count: int) -> dict[str, object]:
    images = [{"picture": image_file(10 * int(number) + place)} for place in range(count)]
    return {"_id": int(number), "imgs": images}


def draw() -> Miniature:
    labels, answers = assigned(numbered(24, "{}"), CATEGORIES), assigned(numbered(12, "{}", 100), CATEGORIES)
    train = [product(number, 1 + int(number) % 4) | {"category_id": int(labels[number])} for number in labels]
    test = [product(number, 1 + int(number) % 4) for number in answers]
    entries = {
        "train.bson": b"".join(map(bson, train)),
        "test.bson": b"".join(map(bson, test)),
        "category_names.csv": csv({"category_id": CATEGORIES, "category_level1": "AUTO"}),
        "sample_submission.csv": csv({"_id": answers.keys(), "category_id": CATEGORIES[0]}),
    }
    return Miniature({"cdiscount-image-classification-challenge.zip": zipped(entries)}, labels, answers)


def test_one_category_per_product(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "cdiscount-image-classification-challenge.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["_id", "category_id"])
    predicted = grading.integers(submission["category_id"])
    assert accuracy_score(list(miniature.answers.values()), predicted) > 0.9
    assert read_images(places.images).groupby("row").size().tolist() == [1, 2, 3, 4] * 9
