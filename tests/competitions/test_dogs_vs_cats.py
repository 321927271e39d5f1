"""dogs-vs-cats: the label is in the file's name, and a number in the submission."""

from sklearn.metrics import accuracy_score

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped


def draw() -> Miniature:
    labels = {
        f"train/{animal}.{number}.jpg": str(place)
        for place, animal in enumerate(("cat", "dog"))
        for number in range(12)
    }
    answers = assigned(numbered(12, "{}", 1), "01")
    files = {
        "train.zip": zipped(image_files(list(labels), 0)),
        "test1.zip": zipped(image_files([f"test1/{name}.jpg" for name in answers], 100)),
        "sampleSubmission.csv": csv({"id": answers.keys(), "label": 0}),
    }
    return Miniature({"dogs-vs-cats.zip": zipped(files)}, labels, answers)


def test_one_for_a_dog(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "dogs-vs-cats.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", "label"], exact=True)
    assert accuracy_score(list(miniature.answers.values()), grading.integers(submission["label"])) > 0.9
