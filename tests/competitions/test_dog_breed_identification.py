"""dog-breed-identification: a column of probabilities per breed, in the sample's order of columns."""

from sklearn.metrics import log_loss

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

BREEDS = ("affenpinscher", "basset", "chow", "dingo", "german_short-haired_pointer")


def draw() -> Miniature:
    labels = assigned(numbered(30, "{:032x}"), BREEDS)
    answers = assigned(numbered(12, "{:032x}", 100), BREEDS)
    entries = image_files([f"train/{row_id}.jpg" for row_id in labels], 0)
    entries |= image_files([f"test/{row_id}.jpg" for row_id in answers], 100)
    entries["labels.csv"] = csv({"id": labels.keys(), "breed": labels.values()})
    entries["sample_submission.csv"] = csv({"id": answers.keys(), **dict.fromkeys(BREEDS, 1 / 120)})
    return Miniature({"dog-breed-identification.zip": zipped(entries)}, labels, answers)


def test_probabilities_sum_to_one_and_know_the_breeds(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "dog-breed-identification.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["id", *BREEDS])
    probabilities = grading.distributions(submission)
    assert log_loss(list(miniature.answers.values()), probabilities, labels=BREEDS) < 0.5
