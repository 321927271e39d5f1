"""whale-categorization-playground: five ranked labels, whales without a train image are called new_whale."""

from tests.competitions import grading
from tests.competitions.conftest import CARDS, Enter
from tests.competitions.drawing import Miniature, assigned, csv, image_files, numbered, zipped

WHALES = tuple(numbered(8, "w_{:07x}", 0x1287F))


def draw() -> Miniature:
    """As MLE-bench splits it: `new_whale` is a label of train rows too, and of test whales that train has not."""
    labels = assigned(numbered(36, "{:08x}.jpg"), (*WHALES, "new_whale"))
    answers = assigned(numbered(18, "{:08x}.jpg", 100), (*WHALES, "new_whale"))
    entries = image_files([f"train/{name}" for name in labels], 0)
    entries |= image_files([f"test/{name}" for name in answers], 100)
    files = {
        "train.zip": zipped({path: content for path, content in entries.items() if path.startswith("train")}),
        "test.zip": zipped({path: content for path, content in entries.items() if path.startswith("test")}),
        "train.csv": csv({"Image": labels.keys(), "Id": labels.values()}),
        "sample_submission.csv": csv(
            {"Image": answers.keys(), "Id": "new_whale w_1287fbc w_98baff9 w_7554f44 w_1eafe46"}
        ),
    }
    return Miniature({"whale-categorization-playground.zip": zipped(files)}, labels, answers)


def test_five_labels_in_order_without_blanks(enter: Enter) -> None:
    miniature = draw()
    places = enter(CARDS / "whale-categorization-playground.yaml", miniature)

    submission = grading.read(places.submission, list(miniature.answers), ["Image", "Id"], exact=True)
    rankings = grading.words(submission["Id"], most=5)
    assert all(len(set(ranking)) == 5 for ranking in rankings)
    places_of_truth = [
        1 / (1 + ranking.index(answer)) if answer in ranking else 0
        for answer, ranking in zip(miniature.answers.values(), rankings, strict=True)
    ]
    assert sum(places_of_truth) / len(places_of_truth) > 0.85
